package pipeline

import (
	"fmt"

	"muster/profile"
	"muster/rules"
)

// swap goes on with another rule set, exactly as a Shard opened anew from
// the store would: profiles are evaluated whole when next touched and then
// leave segments that are no more. Everything must be committed. The clock
// and the timers stay.
//
// Profiles in memory are dropped, to be read again when needed. Their stored
// form is the truth that any later rule set can read; one that is turned
// into the terms of this set has lost what only the set after it needs.
func (s *Shard) swap(set *rules.Set) error {
	if n := s.pending(); n > 0 {
		return fmt.Errorf("swapping rules: %d profiles are not committed", n)
	}
	names := s.codec.Names()
	s.adopt(set, names[:len(names)-len(s.newNames)])
	s.cache = newCache(s.cache.bound)
	return nil
}

// adopt makes a rule set the shard's. names are those that are stored.
func (s *Shard) adopt(set *rules.Set, names []string) {
	s.set, s.matcher = set, s.newMatcher(set)
	codec, added := profile.NewCodec(set.Schema(), set.IDs(), names)
	s.codec, s.newNames = codec.Sharing(&s.spares), added
	s.generation = s.stored.generation
	if s.stored.rules != set.Fingerprint() {
		s.generation++
	}
	s.hidden = hidden(set)
	s.plan()
}

// hidden lists the segments of a set that keep no member sets.
func hidden(set *rules.Set) map[string]bool {
	ids := map[string]bool{}
	for i := range set.Len() {
		if one := set.Segment(i); !one.Members {
			ids[one.ID] = true
		}
	}
	return ids
}
