package profile

import (
	"errors"
	"fmt"
)

// Config bounds what one profile may keep.
type Config struct {
	// Entries is the number of events, or of distinct values of all time,
	// kept one by one per profile and series. Up to it every answer is
	// exact. Past it:
	//   - Numbers and counts over a window: the oldest entries are folded
	//     into at most 64 lumps. A count is then off by at most the content
	//     of the lumps that the window's two edges cut. A lump holds at
	//     most 64 events or 1/32 of the most that was folded at one time,
	//     not counting events so late that their time was folded already.
	//     Sums are off by what these events add; means, minima and maxima
	//     are those with these events.
	//   - Values over a window: the oldest are forgotten. The number of
	//     distinct ones becomes a lower bound, first the first one kept. Last
	//     stays exact where the window ends now.
	//   - Distinct values of all time: new ones are not taken. The number
	//     becomes a lower bound.
	//   - Events of a sequence: of the oldest it is only known how far they
	//     lead. A late event older than that takes no part in it.
	// Counts, sums, means, minima, maxima, first and last of all time are
	// always exact. 16 to 1,000,000; default 1,024.
	Entries int `yaml:"entries"`
	// StateBytes is what the series of one profile may take together when
	// stored, in bytes, as estimated: 6 per event time, 9 per number, 2 more
	// than its length per value, 48 per lump and 16 per series; 7 per event
	// of a sequence or of what was abandoned, and 60 more per series. Past it,
	// until an eighth is free: the oldest lumps are merged, then the oldest
	// entries of the series whose entries take most are folded into its last
	// lump, values forgotten as past Entries. A lump then may hold
	// everything that was ever folded of its series at one time, and what
	// Entries says of errors holds with that. What a profile keeps for a run
	// whose seam is open may take as much once more, and its journal too. A series of distinct values of
	// all time takes one for every 80 bytes at most, a quarter of it, and no
	// new one when nothing is left to fold. What every series needs at least,
	// a lump or the first or last value, is always kept.
	// 4,096 to 1,073,741,824; default 262,144 (256 KB).
	StateBytes int `yaml:"state_bytes"`
	// ContextBytes is the size of a value of the profile's context, context.x
	// in rules, as it is stored: 2 more than the length of a text. Of each
	// path that a rule reads one value is kept. A longer one is passed over,
	// so the one before it stays. 16 to 65,536; default 1,024.
	ContextBytes int `yaml:"context_bytes"`
	// MessageIDs is the number of message ids remembered per profile for
	// recognising repeats within 24 hours. Past it the oldest is forgotten,
	// so that its repeat would be applied. 16 to 1,000,000; default 4,096.
	MessageIDs int `yaml:"message_ids"`
	// Traits is the number of trait leaves per profile, removed ones
	// included. An identify whose new leaves would pass it goes to the dead
	// letters; leaves that it replaces make room only afterwards. 1 to
	// 100,000; default 2,000.
	Traits int `yaml:"traits"`
	// Groups is the number of groups per profile. A group call that would
	// pass it goes to the dead letters. 1 to 100,000; default 1,000.
	Groups int `yaml:"groups"`
	// GroupTraits is the number of trait leaves of all groups of a profile,
	// removed ones included. A group call that would pass it goes to the dead
	// letters. 1 to 100,000; default 5,000.
	GroupTraits int `yaml:"group_traits"`
}

// Default returns the documented defaults.
func Default() Config {
	return Config{Entries: 1024, StateBytes: 256 << 10, ContextBytes: 1024, MessageIDs: 4096, Traits: 2000, Groups: 1000, GroupTraits: 5000}
}

// Validate returns every bound that is out of range, joined, in the order of
// the fields.
func (c Config) Validate() error {
	var problems []error
	for _, bound := range []struct {
		name             string
		value, low, high int
	}{
		{"entries", c.Entries, 16, 1_000_000},
		{"state_bytes", c.StateBytes, 4096, 1 << 30},
		{"context_bytes", c.ContextBytes, 16, 1 << 16},
		{"message_ids", c.MessageIDs, 16, 1_000_000},
		{"traits", c.Traits, 1, 100_000},
		{"groups", c.Groups, 1, 100_000},
		{"group_traits", c.GroupTraits, 1, 100_000},
	} {
		if bound.value < bound.low || bound.value > bound.high {
			problems = append(problems, fmt.Errorf("profile limit %s is %d; it must be between %d and %d", bound.name, bound.value, bound.low, bound.high))
		}
	}
	return errors.Join(problems...)
}
