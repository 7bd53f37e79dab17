package snapshot

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// Config bounds a Snapshot.
type Config struct {
	// Memory bounds the profiles that are held, in bytes. Where all of them
	// don't fit, a random sample that does is held. The process takes up to as
	// much again for the garbage collector, and for each profile 2 bytes for each
	// of up to 16 traits and series that questions read; and evaluator insights
	// serve a quarter more once it is asked about audiences. 16 MB to 1 TB; default
	// 1 GB.
	Memory int64 `yaml:"memory"`
	// Staleness is how old what is committed may be before evaluator insights
	// serve knows of it, as long as Redis gives what was touched as fast as it is
	// touched. 100ms to 1h; default 5s.
	Staleness time.Duration `yaml:"staleness"`
	// Listen is the host:port where evaluator insights serve answers questions,
	// with the tokens and all else of the API; Metrics is where it serves /metrics,
	// /healthz and /readyz, "" for nowhere. Default :8091 and :8092.
	Listen  string `yaml:"listen"`
	Metrics string `yaml:"metrics"`
	// Questions is how many different questions may wait to be answered, 1 to
	// 10,000, and 16 times as many may wait for answers. As many questions about
	// audiences may wait, and about cubes. More are answered with 429. Default 256.
	Questions int `yaml:"questions"`
}

const (
	leastMemory = 16 << 20
	mostMemory  = 1 << 40

	leastStaleness = 100 * time.Millisecond
	mostStaleness  = time.Hour

	mostQuestions = 10_000
)

// Default returns the documented defaults.
func Default() Config {
	return Config{Memory: 1 << 30, Staleness: 5 * time.Second, Listen: ":8091", Metrics: ":8092", Questions: 256}
}

// Validate returns what is out of range.
func (c Config) Validate() error {
	var problems []error
	if c.Memory < leastMemory || c.Memory > mostMemory {
		problems = append(problems, fmt.Errorf("memory is %d; it must be between %d and %d", c.Memory, int64(leastMemory), int64(mostMemory)))
	}
	if c.Staleness < leastStaleness || c.Staleness > mostStaleness {
		problems = append(problems, fmt.Errorf("staleness is %s; it must be between %s and %s", c.Staleness, leastStaleness, mostStaleness))
	}
	for _, address := range []struct{ name, value string }{{"listen", c.Listen}, {"metrics", c.Metrics}} {
		if _, _, err := net.SplitHostPort(address.value); err != nil && (address.value != "" || address.name == "listen") {
			problems = append(problems, fmt.Errorf("%s is %q; it must be host:port, as :8091", address.name, address.value))
		}
	}
	if c.Questions < 1 || c.Questions > mostQuestions {
		problems = append(problems, fmt.Errorf("questions is %d; it must be between 1 and %d", c.Questions, mostQuestions))
	}
	return errors.Join(problems...)
}
