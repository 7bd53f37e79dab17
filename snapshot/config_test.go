package snapshot

import (
	"strings"
	"testing"
	"time"
)

func TestConfigIsHeldToItsBounds(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Config){
		"memory is 16777215;":     func(c *Config) { c.Memory = leastMemory - 1 },
		"memory is 1099511627777": func(c *Config) { c.Memory = mostMemory + 1 },
		"staleness is 99ms;":      func(c *Config) { c.Staleness = 99 * time.Millisecond },
		"staleness is 1h0m0.001s": func(c *Config) { c.Staleness = time.Hour + time.Millisecond },
		`listen is "8091";`:       func(c *Config) { c.Listen = "8091" },
		`listen is "";`:           func(c *Config) { c.Listen = "" },
		`metrics is "x";`:         func(c *Config) { c.Metrics = "x" },
		"questions is 0;":         func(c *Config) { c.Questions = 0 },
		"questions is 10001;":     func(c *Config) { c.Questions = 10_001 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", want, err)
		}
	}
	c := Default()
	c.Metrics = ""
	if err := c.Validate(); err != nil {
		t.Errorf("no metrics: %v", err)
	}
}
