package observe

import (
	"errors"
	"fmt"
	"net"
)

// LogConfig says what is logged and how.
type LogConfig struct {
	// Level is the least important level that is logged: debug, info, warn
	// or error. Default info.
	Level string `yaml:"level"`
	// Format is console, for people, or json, for machines. Default console.
	Format string `yaml:"format"`
}

// DefaultLog returns the documented defaults.
func DefaultLog() LogConfig { return LogConfig{Level: "info", Format: "console"} }

// Validate returns every value that is not known, joined, in the order of the
// fields.
func (c LogConfig) Validate() error {
	var problems []error
	if c.Level != "debug" && c.Level != "info" && c.Level != "warn" && c.Level != "error" {
		problems = append(problems, fmt.Errorf("level is %q; it must be debug, info, warn or error", c.Level))
	}
	if c.Format != "console" && c.Format != "json" {
		problems = append(problems, fmt.Errorf("format is %q; it must be console or json", c.Format))
	}
	return errors.Join(problems...)
}

// HTTPConfig is about the port for metrics and health checks.
type HTTPConfig struct {
	// Listen is the host:port to listen on; "" for none. Default :8080.
	Listen string `yaml:"listen"`
}

// DefaultHTTP returns the documented default.
func DefaultHTTP() HTTPConfig { return HTTPConfig{Listen: ":8080"} }

// Validate refuses what is no host:port. Whether it can be listened on is seen
// only by listening.
func (c HTTPConfig) Validate() error {
	if c.Listen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen is %q; it must be host:port, as :8080, or empty for none", c.Listen)
	}
	return nil
}
