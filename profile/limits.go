package profile

import "fmt"

// Config bounds what one profile may keep.
type Config struct {
	// Entries is the number of events kept one by one per profile and
	// series. Older ones are folded into buckets: counts and sums over a
	// window may then be off by the content of the one bucket that the
	// window's edge cuts, at most 1/32 of what is folded (64 at least), and a
	// number of distinct values becomes a lower bound. 16 to 1,000,000;
	// default 1,024.
	Entries int `yaml:"entries"`
	// MessageIDs is the number of message ids remembered per profile for
	// recognising repeats within 24 hours. Past it the oldest is forgotten,
	// so that its repeat would be applied. 16 to 1,000,000; default 4,096.
	MessageIDs int `yaml:"message_ids"`
	// Traits is the number of trait leaves per profile, removed ones
	// included. An identify that would pass it goes to the dead letters.
	// 1 to 100,000; default 2,000.
	Traits int `yaml:"traits"`
	// Groups is the number of groups per profile. A group call that would
	// pass it goes to the dead letters. 1 to 100,000; default 1,000.
	Groups int `yaml:"groups"`
}

// DefaultConfig returns the documented defaults.
func DefaultConfig() Config {
	return Config{Entries: 1024, MessageIDs: 4096, Traits: 2000, Groups: 1000}
}

// Validate reports the first bound that is out of range.
func (c Config) Validate() error {
	for _, f := range []struct {
		name             string
		value, low, high int
	}{
		{"entries", c.Entries, 16, 1_000_000},
		{"message_ids", c.MessageIDs, 16, 1_000_000},
		{"traits", c.Traits, 1, 100_000},
		{"groups", c.Groups, 1, 100_000},
	} {
		if f.value < f.low || f.value > f.high {
			return fmt.Errorf("profile limit %s is %d; it must be between %d and %d", f.name, f.value, f.low, f.high)
		}
	}
	return nil
}
