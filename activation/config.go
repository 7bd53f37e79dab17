package activation

import (
	"errors"
	"fmt"
	"time"
)

// Config is the section destinations of the configuration file. Start from
// DefaultConfig.
type Config struct {
	// Path is a file of destinations, or a folder of *.yaml files of them.
	// Default "": nothing is sent anywhere.
	Path string `yaml:"path"`
	// LogEntries is how many entries the log of a destination keeps in each
	// shard, of which the oldest are dropped; an entry is an attempt with up to
	// 16 changes. 0 keeps no log; at most 1,000,000. Default 2,000.
	LogEntries int `yaml:"log_entries"`
	// LogAge is how long entries are kept, from 1 minute to 365 days. Default
	// 7 days.
	LogAge time.Duration `yaml:"log_age"`
}

// Bounds of Config.
const (
	maxLogEntries = 1_000_000
	minLogAge     = time.Minute
	maxLogAge     = 365 * 24 * time.Hour
)

// DefaultConfig returns a Config without destinations.
func DefaultConfig() Config { return Config{LogEntries: 2000, LogAge: 7 * 24 * time.Hour} }

// Validate returns every value that can't be used, joined, in the order of the
// fields.
func (c Config) Validate() error {
	var problems []error
	if c.LogEntries < 0 || c.LogEntries > maxLogEntries {
		problems = append(problems, fmt.Errorf("log_entries is %d; it must be between 0, for no log, and %d", c.LogEntries, maxLogEntries))
	}
	if c.LogAge < minLogAge || c.LogAge > maxLogAge {
		problems = append(problems, fmt.Errorf("log_age is %s; it must be between %s and 8760h", c.LogAge, brief(minLogAge)))
	}
	return errors.Join(problems...)
}
