package history

import (
	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// lazy is a Matcher that evaluates nothing until it is awake, and then all
// rules. What a profile is a member of follows from its events and the time
// alone, unless a rule says held(...): so it is enough to ask once, at the end.
type lazy struct {
	*rules.Matcher
	awake bool
}

var _ pipeline.Matcher = (*lazy)(nil)

// mayBeLazy reports whether memberships follow from events and time alone.
func mayBeLazy(set *rules.Set) bool { return len(set.Schema().Conditions) == 0 }

// Concerns implements pipeline.Matcher.
func (l *lazy) Concerns(*event.Event) bool { return false }

// Prepare implements pipeline.Matcher.
func (l *lazy) Prepare(*profile.Profile, int64) {}

// Update implements pipeline.Matcher.
func (l *lazy) Update(*profile.Profile, *profile.Changed, int64) []rules.Flip { return nil }

// Wake implements pipeline.Matcher.
func (l *lazy) Wake(*profile.Profile, int64) []rules.Flip { return nil }

// Full implements pipeline.Matcher.
func (l *lazy) Full(p *profile.Profile, now int64) []rules.Flip {
	if !l.awake {
		return nil
	}
	return l.Matcher.Full(p, now)
}

// Deadline implements pipeline.Matcher.
func (l *lazy) Deadline(p *profile.Profile, now int64) int64 {
	if !l.awake {
		return 0
	}
	return l.Matcher.Deadline(p, now)
}
