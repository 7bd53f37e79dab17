package segments

import (
	"errors"
	"fmt"
	"time"
)

// Config says where segments are and how they are kept up with.
type Config struct {
	// Path is the segment file, or the folder of segment files, relative to
	// the configuration file. Default segments.
	Path string `yaml:"path"`
	// Reload is how often the files are looked at for changes. 0 for never;
	// else 100ms to 24h; default 10s.
	Reload time.Duration `yaml:"reload"`
}

// Default returns the documented defaults.
func Default() Config { return Config{Path: "segments", Reload: 10 * time.Second} }

// Validate returns every value that can't be used, joined, in the order of
// the fields.
func (c Config) Validate() error {
	var problems []error
	if c.Path == "" {
		problems = append(problems, errors.New("path is missing"))
	}
	if c.Reload != 0 && (c.Reload < 100*time.Millisecond || c.Reload > 24*time.Hour) {
		problems = append(problems, fmt.Errorf("reload is %s; it must be 0, or between 100ms and 24h", c.Reload))
	}
	return errors.Join(problems...)
}
