package pipeline

import (
	"muster/event"
	"muster/profile"
	"muster/rules"
)

// Matcher evaluates profiles under one rule set, for one goroutine. It writes
// the flips it finds into the profile's Members and returns them in order of
// segment ids; the slice is valid until the next call. *rules.Matcher is what
// a Shard has unless its Worker is told otherwise.
type Matcher interface {
	// Concerns reports whether an event may change anything that is evaluated
	// of a profile; if not, neither Prepare nor Update is called for it.
	Concerns(ev *event.Event) bool
	// Prepare is called before an event or a deadline changes a profile.
	Prepare(p *profile.Profile, now int64)
	// Update evaluates what an event changed.
	Update(p *profile.Profile, changed *profile.Changed, now int64) []rules.Flip
	// Wake evaluates what a deadline changed.
	Wake(p *profile.Profile, now int64) []rules.Flip
	// Full evaluates every rule.
	Full(p *profile.Profile, now int64) []rules.Flip
	// Deadline returns the next instant after now at which Wake must be
	// called, in milliseconds since 1970 UTC, 0 for none.
	Deadline(p *profile.Profile, now int64) int64
}

var _ Matcher = (*rules.Matcher)(nil)

func standard(set *rules.Set) Matcher { return rules.NewMatcher(set) }

// match takes another Matcher for this rule set and those after it. It is
// called before anything is applied.
func (s *Shard) match(newMatcher func(*rules.Set) Matcher) {
	s.newMatcher, s.matcher = newMatcher, newMatcher(s.set)
}
