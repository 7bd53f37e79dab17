package activation

import (
	"strings"
	"testing"
	"time"
)

// Settings are held to their bounds.
func TestConfigValidate(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	with := func(edit func(*Config)) Config {
		c := DefaultConfig()
		edit(&c)
		return c
	}
	for want, c := range map[string]Config{
		"log_entries is -1; it must be between 0, for no log, and 1000000": with(func(c *Config) { c.LogEntries = -1 }),
		"log_entries is 1000001;":                            with(func(c *Config) { c.LogEntries = 1_000_001 }),
		"log_age is 59s; it must be between 1m and 8760h":    with(func(c *Config) { c.LogAge = 59 * time.Second }),
		"log_age is 8761h0m0s; it must be between 1m and 87": with(func(c *Config) { c.LogAge = 8761 * time.Hour }),
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for _, c := range []Config{with(func(c *Config) { c.LogEntries = 0 }), with(func(c *Config) { c.LogAge = time.Minute })} {
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}
