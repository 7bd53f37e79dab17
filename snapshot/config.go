package snapshot

import "fmt"

// Config bounds a Snapshot.
type Config struct {
	// Memory bounds the profiles that are held, in bytes. Where all of them
	// don't fit, a random sample that does is held. The process takes up to as
	// much again for the garbage collector. 16 MB to 1 TB; default 1 GB.
	Memory int64 `yaml:"memory"`
}

const (
	leastMemory = 16 << 20
	mostMemory  = 1 << 40
)

// Default returns the documented defaults.
func Default() Config { return Config{Memory: 1 << 30} }

// Validate returns what is out of range.
func (c Config) Validate() error {
	if c.Memory < leastMemory || c.Memory > mostMemory {
		return fmt.Errorf("memory is %d; it must be between %d and %d", c.Memory, int64(leastMemory), int64(mostMemory))
	}
	return nil
}
