package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"muster/pipeline"
)

func TestConfigBounds(t *testing.T) {
	if err := pipeline.Default().Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for _, test := range []struct {
		wrong string // how the only mistake begins, empty for none
		turn  func(*pipeline.Config)
	}{
		{"", func(c *pipeline.Config) { c.CacheBytes = 1 << 20 }},
		{"", func(c *pipeline.Config) { c.CacheBytes = 1 << 40 }},
		{"cache_bytes is 1048575;", func(c *pipeline.Config) { c.CacheBytes = 1<<20 - 1 }},
		{"cache_bytes is 1099511627777;", func(c *pipeline.Config) { c.CacheBytes = 1<<40 + 1 }},
		{"", func(c *pipeline.Config) { c.Timers, c.Wave = 1, 0 }},
		{"", func(c *pipeline.Config) { c.Timers, c.Wave = 100_000, 1_000_000 }},
		{"timers is 0;", func(c *pipeline.Config) { c.Timers = 0 }},
		{"timers is 100001;", func(c *pipeline.Config) { c.Timers = 100_001 }},
		{"wave is -1;", func(c *pipeline.Config) { c.Wave = -1 }},
		{"wave is 1000001;", func(c *pipeline.Config) { c.Wave = 1_000_001 }},
		{"", func(c *pipeline.Config) {
			c.IdleGrace, c.IdleCheck, c.CommitTimeout = 0, 100*time.Millisecond, 100*time.Millisecond
		}},
		{"", func(c *pipeline.Config) {
			c.IdleGrace, c.IdleCheck, c.CommitTimeout = time.Hour, time.Hour, 5*time.Minute
		}},
		{"idle_grace is -1ns;", func(c *pipeline.Config) { c.IdleGrace = -1 }},
		{"idle_grace is 1h0m0.000000001s;", func(c *pipeline.Config) { c.IdleGrace = time.Hour + 1 }},
		{"idle_check is 99ms;", func(c *pipeline.Config) { c.IdleCheck = 99 * time.Millisecond }},
		{"idle_check is 1h0m0.000000001s;", func(c *pipeline.Config) { c.IdleCheck = time.Hour + 1 }},
		{"commit_timeout is 99ms;", func(c *pipeline.Config) { c.CommitTimeout = 99 * time.Millisecond }},
		{"commit_timeout is 5m0.000000001s;", func(c *pipeline.Config) { c.CommitTimeout = 5*time.Minute + 1 }},
		{"event limit max_id is 0;", func(c *pipeline.Config) { c.Events.MaxID = 0 }},
		{"profile limit groups is 0;", func(c *pipeline.Config) { c.Profiles.Groups = 0 }},
	} {
		c := pipeline.Default()
		test.turn(&c)
		err := c.Validate()
		if test.wrong == "" && err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		if test.wrong != "" && (err == nil || !strings.HasPrefix(err.Error(), test.wrong) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("got %v, want one that begins with %q", err, test.wrong)
		}
	}
}

// All mistakes are told at once, in the order of the fields.
func TestConfigTellsAllMistakesInOrder(t *testing.T) {
	c := pipeline.Config{Wave: -1, IdleGrace: -1}
	c.Events, c.Profiles = pipeline.Default().Events, pipeline.Default().Profiles
	c.Events.MaxDepth, c.Profiles.Traits = 1, 0
	want := "cache_bytes is 0; it must be between 1048576 and 1099511627776\n" +
		"timers is 0; it must be between 1 and 100000\n" +
		"wave is -1; it must be between 0 and 1000000\n" +
		"idle_grace is -1ns; it must be between 0s and 1h\n" +
		"idle_check is 0s; it must be between 100ms and 1h\n" +
		"commit_timeout is 0s; it must be between 100ms and 5m\n" +
		"event limit max_depth is 1; it must be between 3 and 256\n" +
		"profile limit traits is 0; it must be between 1 and 100000"
	for range 2 {
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}
