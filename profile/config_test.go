package profile

import "testing"

func TestConfigValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	fields := map[string]struct {
		of        func(*Config) *int
		low, high int
	}{
		"entries":       {func(c *Config) *int { return &c.Entries }, 16, 1_000_000},
		"state_bytes":   {func(c *Config) *int { return &c.StateBytes }, 4096, 1 << 30},
		"context_bytes": {func(c *Config) *int { return &c.ContextBytes }, 16, 1 << 16},
		"message_ids":   {func(c *Config) *int { return &c.MessageIDs }, 16, 1_000_000},
		"traits":        {func(c *Config) *int { return &c.Traits }, 1, 100_000},
		"groups":        {func(c *Config) *int { return &c.Groups }, 1, 100_000},
		"group_traits":  {func(c *Config) *int { return &c.GroupTraits }, 1, 100_000},
	}
	for name, f := range fields {
		for value, ok := range map[int]bool{f.low - 1: false, f.low: true, f.high: true, f.high + 1: false} {
			c := Default()
			*f.of(&c) = value
			if err := c.Validate(); (err == nil) != ok {
				t.Errorf("%s = %d: %v", name, value, err)
			}
		}
	}
}

// All mistakes are told at once, in the order of the fields.
func TestConfigTellsAllMistakesInOrder(t *testing.T) {
	want := "profile limit entries is 0; it must be between 16 and 1000000\n" +
		"profile limit state_bytes is 0; it must be between 4096 and 1073741824\n" +
		"profile limit context_bytes is 0; it must be between 16 and 65536\n" +
		"profile limit message_ids is 0; it must be between 16 and 1000000\n" +
		"profile limit traits is 0; it must be between 1 and 100000\n" +
		"profile limit groups is 0; it must be between 1 and 100000\n" +
		"profile limit group_traits is 0; it must be between 1 and 100000"
	for range 2 {
		if err := (Config{}).Validate(); err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}
