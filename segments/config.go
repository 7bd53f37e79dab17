package segments

import (
	"errors"
	"fmt"
	"time"
)

// Where segments can be.
const (
	FromFiles = "files"
	FromRedis = "redis"
)

// Config says where segments are and how they are kept up with.
type Config struct {
	// From is files, where Path says which, or redis, where `evaluator segments
	// apply` puts definitions and Path is not looked at. Default files.
	From string `yaml:"from"`
	// Poll is how often Redis is asked whether the definitions have changed,
	// with From redis: for one small key. 50ms to 1m; default 100ms.
	Poll time.Duration `yaml:"poll"`
	// Path is the segment file, or the folder of segment files, relative to
	// the configuration file. Default segments.
	Path string `yaml:"path"`
	// Reload is how often files are looked at for changes: of segments, with
	// From files, and of destinations. 0 for never; else 100ms to 24h; default
	// 10s.
	Reload time.Duration `yaml:"reload"`
}

// Default returns the documented defaults.
func Default() Config {
	return Config{From: FromFiles, Poll: 100 * time.Millisecond, Path: "segments", Reload: 10 * time.Second}
}

// Validate returns every value that can't be used, joined, in the order of
// the fields.
func (c Config) Validate() error {
	var problems []error
	if c.From != FromFiles && c.From != FromRedis {
		problems = append(problems, fmt.Errorf("from is %q; it must be %s, for the files of path, or %s", c.From, FromFiles, FromRedis))
	}
	if c.Poll < 50*time.Millisecond || c.Poll > time.Minute {
		problems = append(problems, fmt.Errorf("poll is %s; it must be between 50ms and 1m", c.Poll))
	}
	if c.Path == "" && c.From == FromFiles {
		problems = append(problems, errors.New("path is missing; write the segment file or folder, or from: redis"))
	}
	if c.Reload != 0 && (c.Reload < 100*time.Millisecond || c.Reload > 24*time.Hour) {
		problems = append(problems, fmt.Errorf("reload is %s; it must be 0, or between 100ms and 24h", c.Reload))
	}
	return errors.Join(problems...)
}
