package segments

import (
	"strings"
	"testing"
	"time"
)

func TestConfigBounds(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for reload, fine := range map[time.Duration]bool{
		0: true, 100 * time.Millisecond: true, 24 * time.Hour: true,
		-time.Second: false, 99 * time.Millisecond: false, 24*time.Hour + 1: false,
	} {
		c := Default()
		c.Reload = reload
		err := c.Validate()
		if (err == nil) != fine || !fine && !strings.Contains(err.Error(), "reload is "+reload.String()) {
			t.Errorf("reload %s: %v", reload, err)
		}
	}
	if err := (Config{From: FromFiles, Poll: time.Second}).Validate(); err == nil || !strings.Contains(err.Error(), "path") {
		t.Errorf("no path: %v", err)
	}
}

func TestConfigOfDefinitions(t *testing.T) {
	for name, one := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"redis needs no path": {func(c *Config) { c.From, c.Path = FromRedis, "" }, ""},
		"files need one":      {func(c *Config) { c.Path = "" }, "path is missing; write the segment file or folder, or from: redis"},
		"neither":             {func(c *Config) { c.From = "kafka" }, `from is "kafka"; it must be files, for the files of path, or redis`},
		"shortest":            {func(c *Config) { c.Poll = 50 * time.Millisecond }, ""},
		"longest":             {func(c *Config) { c.Poll = time.Minute }, ""},
		"too short":           {func(c *Config) { c.Poll = 49 * time.Millisecond }, "poll is 49ms; it must be between 50ms and 1m"},
		"too long":            {func(c *Config) { c.Poll = time.Hour }, "poll is 1h0m0s; it must be between 50ms and 1m"},
	} {
		c := Default()
		one.change(&c)
		got := ""
		if err := c.Validate(); err != nil {
			got = err.Error()
		}
		if got != one.want {
			t.Errorf("%s: %q, want %q", name, got, one.want)
		}
	}
}

// All mistakes are told at once, in the order of the fields.
func TestConfigTellsAllMistakesInOrder(t *testing.T) {
	want := `from is ""; it must be files, for the files of path, or redis
poll is 0s; it must be between 50ms and 1m
reload is 1ns; it must be 0, or between 100ms and 24h`
	for range 2 {
		if err := (Config{Reload: 1}).Validate(); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}
