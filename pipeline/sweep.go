package pipeline

import (
	"muster/profile"
	"muster/rules"
)

// The sweep of a Shard. When the rule set changes, the memberships of stored
// profiles are those of older sets until somebody looks at them. A profile
// that gets an event, or whose timer fires, is looked at then. A sweep looks
// at all the others, so that an edit comes to every profile.
//
// The catalog says which segments mean something else since the last sweep
// that came to its end. Where these are few, a sweep evaluates them alone on
// the stored form of a profile, by a rule set of their own, the part. The
// other memberships still hold: a membership moves by an event, by time or by
// other rules. Events have the profile evaluated, the rules of the others are
// the same, and a profile whose own timer is due is not left to the part: all
// its rules are evaluated as of right before the timer, which is then served.
//
// A profile for which nothing follows is not written. To write a million of
// them to change a number in each would cost more than looking at them, and
// would lose the series that only older rule sets keep. Instead swept, once
// all are looked at, counts for every profile that is stored with an older
// generation. Until then the bucket is stored where the sweep goes on, and a
// profile that is looked at twice has no difference the second time.

// partMost is how many changed segments are still evaluated alone. To compile
// their rules takes every shard some 50 us each, while records wait.
const partMost = 500

// lineage is where a shard stood at its last commit.
type lineage struct {
	rules      string
	generation uint64
	swept      uint64
	bucket     int
	catalog    *catalog
}

// part is a rule set of those segments alone that a sweep has to look at.
type part struct {
	set       *rules.Set
	matcher   Matcher
	codec     *profile.Codec
	positions []int // in the whole set, by position in the part; -1 for one that has not changed
}

// plan finds out what is to be looked at under a rule set that was just
// adopted, and what of the catalog must be stored.
func (s *Shard) plan() {
	s.swept, s.bucket, s.part, s.drop = s.stored.swept, s.stored.bucket, nil, nil
	if s.generation != s.stored.generation {
		s.bucket = 0
	}
	s.catalog = s.stored.catalog.with(s.set, s.generation, s.clock)
	s.catalogued = s.catalog.differences(s.stored.catalog)
	s.crossSeams()
	if s.stored.rules == "" {
		s.swept = s.generation // there is no profile yet
	}
	if s.swept == s.generation {
		return
	}
	changed := s.changedSegments()
	if len(changed) == 0 && len(s.catalog.gone()) == 0 {
		s.endSweep()
		return
	}
	s.part = s.newPart(changed)
}

// sweeping reports whether there are profiles to be looked at.
func (s *Shard) sweeping() bool { return s.swept != s.generation }

// changedSegments lists the positions of segments that have another meaning
// than at the last sweep that came to its end.
func (s *Shard) changedSegments() []int {
	var changed []int
	for position := range s.set.Len() {
		if s.catalog.segments[s.set.Segment(position).ID].since > s.swept {
			changed = append(changed, position)
		}
	}
	return changed
}

// newPart compiles the changed segments, and returns nil where it pays to
// evaluate all instead, or where the state of conditions has to be kept.
func (s *Shard) newPart(changed []int) *part {
	if len(changed) > partMost || 2*len(changed) > s.set.Len() {
		return nil
	}
	set, err := s.set.Subset(changed)
	if err != nil || len(set.Schema().Conditions) > 0 {
		return nil
	}
	p := &part{set: set, matcher: s.newMatcher(set), positions: make([]int, set.Len())}
	codec, _ := profile.NewCodec(set.Schema(), set.IDs(), s.codec.Names())
	p.codec = codec.Retiring(func(segment string) bool {
		_, ok := s.set.Position(segment)
		return !ok
	})
	for i := range p.positions {
		p.positions[i] = -1
	}
	for _, position := range changed {
		if i, ok := set.Position(s.set.Segment(position).ID); ok {
			p.positions[i] = position
		}
	}
	return p
}

// inspect looks at a stored profile that is not in memory, and notes what
// follows for it from the rule set.
func (s *Shard) inspect(id, blob string) error {
	if s.part != nil {
		p, err := s.part.codec.Decode(id, blob)
		if err != nil {
			return unreadable(err)
		}
		if s.isCurrent(p) || !overdue(p, s.clock) && !s.askPart(p) {
			return nil
		}
	}
	p, err := s.codec.Decode(id, blob)
	if err != nil {
		return unreadable(err)
	}
	if s.isCurrent(p) {
		return nil
	}
	if s.part == nil && !overdue(p, s.clock) {
		s.inspectWhole(p)
		return nil
	}
	e := s.cache.putLast(p)
	if overdue(p, s.clock) {
		s.refresh(e)
		s.serveOverdue(e)
		return nil
	}
	s.takePart(e)
	return nil
}

// isCurrent reports whether a profile's memberships are of the rule set.
func (s *Shard) isCurrent(p *profile.Profile) bool { return max(p.Generation, s.swept) == s.generation }

// overdue reports whether a profile's own timer has not been served yet.
func overdue(p *profile.Profile, clock int64) bool { return p.Deadline != 0 && p.Deadline <= clock }

// askPart evaluates the part on a profile that was decoded for it, and
// reports whether anything follows; takePart finds it there.
func (s *Shard) askPart(p *profile.Profile) bool {
	s.found = s.found[:0]
	for _, f := range s.part.matcher.Full(p, s.clock) {
		if position := s.part.positions[f.Position]; position >= 0 {
			s.found = append(s.found, rules.Flip{Position: position, Entered: f.Entered})
		}
	}
	s.foundDeadline = s.part.matcher.Deadline(p, s.clock)
	earlier := s.foundDeadline != 0 && (p.Deadline == 0 || s.foundDeadline < p.Deadline)
	return earlier || len(s.found)+len(p.Retired) > 0
}

// takePart takes over what askPart has found. All other memberships hold.
func (s *Shard) takePart(e *cached) {
	p := e.profile
	s.retire(p, s.clock)
	for _, f := range s.found {
		p.Members.Set(f.Position, f.Entered)
		s.change(p, s.set.Segment(f.Position).ID, f.Entered, s.clock, CauseRules)
	}
	if d := s.foundDeadline; d != 0 && (p.Deadline == 0 || d < p.Deadline) {
		p.Deadline = d
	}
	p.Generation = s.generation
	s.timers.set(p.ID, p.Deadline)
	s.touch(e)
}

// inspectWhole evaluates all rules on a profile that is not in memory, and
// puts it there if anything has to be written.
func (s *Shard) inspectWhole(p *profile.Profile) {
	if s.askAll(p, s.clock) {
		s.takeAll(s.cache.putLast(p), s.clock)
	}
}

// refresh brings the memberships of a profile in memory to the rule set, as
// of now or, if its own timer is overdue, as of right before that. A profile
// for which nothing follows is not written, so that what other rule sets keep
// of it stays.
func (s *Shard) refresh(e *cached) {
	p := e.profile
	if p.Generation == s.generation || !p.Exists() {
		return
	}
	now := s.clock
	if overdue(p, now) {
		now = p.Deadline - 1
	}
	if s.askAll(p, now) {
		s.takeAll(e, now)
	}
	p.Generation = s.generation
}

// askAll evaluates all rules on a profile, and reports whether
// anything follows; takeAll finds it in found.
func (s *Shard) askAll(p *profile.Profile, now int64) bool {
	s.found = append(s.found[:0], s.matcher.Full(p, now)...)
	s.foundDeadline = s.matcher.Deadline(p, now)
	conditions := len(s.set.Schema().Conditions) > 0 // what is kept of them may have changed
	return conditions || s.foundDeadline != p.Deadline || len(s.found)+len(p.Retired) > 0
}

// takeAll takes over what askAll has found.
func (s *Shard) takeAll(e *cached, now int64) {
	p := e.profile
	s.retire(p, now)
	for _, f := range s.found {
		s.change(p, s.set.Segment(f.Position).ID, f.Entered, now, CauseRules)
	}
	p.Deadline, p.Generation = s.foundDeadline, s.generation
	s.timers.set(p.ID, p.Deadline)
	s.touch(e)
}

// retire lets a profile leave the segments that the rule set no longer has.
func (s *Shard) retire(p *profile.Profile, now int64) {
	for _, number := range p.Retired {
		s.change(p, s.codec.Segment(number), false, now, CauseRules)
	}
	p.Retired = nil
}

// endSweep notes that every profile has been looked at.
func (s *Shard) endSweep() {
	s.swept, s.bucket, s.part = s.generation, 0, nil
	s.drop = s.catalog.gone()
	s.catalog = s.catalog.withoutGone()
	s.catalogued = s.catalog.differences(s.stored.catalog)
}
