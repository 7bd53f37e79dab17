package pipeline

import (
	"fmt"

	"muster/event"
	"muster/profile"
	"muster/rules"
)

const millisPerDay = 24 * 60 * 60 * 1000

// Shard is the state machine of one partition: clock, timers and profiles.
// Events and the passing of time go in, a Commit comes out. It does no I/O
// and reads no clock, so the same records give the same commits wherever
// they are fed in. It is used by one goroutine.
//
// Only a Driver calls its methods. Its duties, in this order:
//  1. Before apply or fire, put every profile that missing names.
//  2. Before applying an event, fire everything due up to its arrival.
//  3. Take the effects with flush, store them, then call committed.
//     When storing fails, drop the Shard.
type Shard struct {
	set     *rules.Set
	matcher Matcher
	codec   *profile.Codec
	spares  profile.Spares // of the codec
	limits  profile.Config
	cache   *cache
	timers  *timers
	changed profile.Changed

	epoch      int64
	next       int64
	clock      int64
	outbox     int64
	generation uint64
	stored     lineage
	catalog    *catalog
	catalogued map[string]string // of the catalog, what the next commit stores
	seams      profile.Seams     // those of the catalog, for the rule set

	erased     map[erasedID]erasure // nil while there are none
	untold     []erasedID           // erasures since the last commit, and those that gave way to them
	passedOver bool                 // whether the last directive was a patch of an erased profile

	swept  uint64   // newest generation of which every profile was looked at
	bucket int      // where the sweep goes on
	part   *part    // what the sweep evaluates, nil for all rules
	drop   []string // segments whose keys go with the next commit

	// What askPart has found.
	found         []rules.Flip
	foundDeadline int64

	newNames   []string
	hidden     map[string]bool
	newMatcher func(*rules.Set) Matcher

	// Effects since the last commit.
	dirty   []*cached
	changes []Change
	reach   []Reach

	// Memory of the last Flush, used again by the next.
	writes []Write
	blobs  []byte
}

// newShard returns the shard of a stored state. cacheBytes bounds the
// profiles kept in memory; 0 keeps all.
func newShard(set *rules.Set, limits profile.Config, cacheBytes int, s State) *Shard {
	sh := &Shard{
		limits: limits, cache: newCache(cacheBytes), timers: newTimers(s.Timers),
		epoch: s.Epoch, next: s.Next, clock: s.Clock, outbox: s.Outbox,
		stored:     lineage{s.Rules, s.Generation, s.Swept, s.Bucket, openCatalog(&s)},
		newMatcher: standard,
	}
	sh.erased = readErasures(s.Catalog)
	sh.adopt(set, s.Names)
	return sh
}

// missing appends to dst the profiles that the events and the timers due up
// to the latest arrival among them need and that are not in memory. At most
// limit timers are looked at; due names the rest when their turn comes.
func (s *Shard) missing(dst []string, events []event.Event, limit int) []string {
	wanted := map[string]bool{}
	latest := s.clock
	for i := range events {
		latest = max(latest, events[i].Arrival)
		if id := events[i].Profile; !s.cache.has(id) && !wanted[id] {
			wanted[id] = true
			dst = append(dst, id)
		}
	}
	for _, id := range s.due(nil, latest, limit) {
		if !wanted[id] {
			dst = append(dst, id)
		}
	}
	return dst
}

// due appends to dst the profiles of the first timers, at most limit, that
// are due at until and not in memory.
func (s *Shard) due(dst []string, until int64, limit int) []string {
	for _, t := range s.timers.first(until, limit) {
		if !s.cache.has(t.Profile) {
			dst = append(dst, t.Profile)
		}
	}
	return dst
}

// put adds a profile as it is stored; "" is one that does not exist yet. The
// profile keeps texts of the blob.
func (s *Shard) put(id, blob string) error {
	if s.cache.has(id) {
		return nil
	}
	e := s.cache.place()
	if blob == "" {
		s.codec.Begin(e.profile, id)
	} else if err := s.codec.DecodeInto(e.profile, id, blob); err != nil {
		return err
	} else {
		e.profile.Generation = max(e.profile.Generation, s.swept)
	}
	s.cache.put(e)
	return nil
}

// fire serves, in order of time and profile, at most limit timers that are
// due at until, moving the clock to each. It reports whether all are served;
// then the clock stands at until, unless it was ahead already.
func (s *Shard) fire(until int64, limit int) (bool, error) {
	for range limit {
		first, ok := s.timers.next()
		if !ok || first.At > until {
			s.clock = max(s.clock, until)
			return true, nil
		}
		e := s.cache.get(first.Profile)
		switch {
		case e == nil:
			return false, fmt.Errorf("serving a timer: profile %q was not loaded", first.Profile)
		case !e.profile.Exists(): // an operator has removed it from the store
			s.timers.set(first.Profile, 0)
		case s.upToDate(e, first):
			s.serve(e, first.At)
		}
	}
	return false, nil
}

// upToDate brings a profile to the rule set before its timer is served, and
// reports whether it still has that timer. If it has, the timer is served at
// once: where nothing follows from the rules, the profile is not written and
// may be dropped, so that next time it would be where it is now.
func (s *Shard) upToDate(e *cached, timer Timer) bool {
	if e.profile.Generation != s.generation {
		s.clock = max(s.clock, timer.At-1)
		s.refresh(e)
	}
	next, ok := s.timers.next()
	return ok && next == timer
}

// serve evaluates what a profile's timer is about.
func (s *Shard) serve(e *cached, at int64) {
	s.clock = max(s.clock, at)
	s.matcher.Prepare(e.profile, at-1)
	s.evaluate(e, at, CauseTime, func(p *profile.Profile) []rules.Flip { return s.matcher.Wake(p, at) })
}

// collect gathers the timers that are due at until, or at a later time that it
// was given before, and returns their number; it stops beyond most.
func (s *Shard) collect(until int64, most int) int { return s.timers.collect(until, most) }

// apply merges an event into its profile and evaluates what it changed. The
// clock moves to the event's arrival, unless it was ahead already. Timers of
// the profile itself that are due by then are served first.
func (s *Shard) apply(ev *event.Event) (profile.Outcome, error) {
	e := s.cache.get(ev.Profile)
	if e == nil {
		return 0, fmt.Errorf("applying an event: profile %q was not loaded", ev.Profile)
	}
	s.clock = max(s.clock, ev.Arrival)
	if s.erased != nil && !e.profile.Exists() && s.suppressed(e.profile) {
		return profile.Suppressed, nil
	}
	s.refresh(e)
	s.serveOverdue(e)
	s.changed.Reset()
	stale := e.profile.Generation != s.generation
	concerned := stale || s.matcher.Concerns(ev)
	if concerned && !stale {
		s.matcher.Prepare(e.profile, s.clock)
	}
	var outcome profile.Outcome
	if len(s.seams) == 0 {
		outcome = e.profile.Apply(s.set.Schema(), &s.limits, ev, s.clock, &s.changed)
	} else {
		outcome = e.profile.ApplyAcross(s.seams, s.set.Schema(), &s.limits, ev, s.clock, &s.changed)
	}
	if outcome != profile.Applied {
		return outcome, nil
	}
	before := len(s.changes)
	if concerned {
		s.evaluate(e, s.clock, CauseEvent, func(p *profile.Profile) []rules.Flip { return s.matcher.Update(p, &s.changed, s.clock) })
	} else {
		s.touch(e)
	}
	s.countReach(e.profile, s.changes[before:])
	return profile.Applied, nil
}

// serveOverdue serves a profile's own timers that are due by now.
func (s *Shard) serveOverdue(e *cached) {
	for at := e.profile.Deadline; at != 0 && at <= s.clock; at = e.profile.Deadline {
		s.serve(e, at)
	}
}

// evaluate takes over the flips of a touched profile and gathers what follows.
// One that was never evaluated is evaluated whole instead.
func (s *Shard) evaluate(e *cached, now int64, cause Cause, flips func(*profile.Profile) []rules.Flip) {
	p := e.profile
	if p.Generation != s.generation {
		p.Generation = s.generation
		flips = func(p *profile.Profile) []rules.Flip { return s.matcher.Full(p, now) }
	}
	for _, f := range flips(p) {
		s.change(p, s.set.Segment(f.Position).ID, f.Entered, now, cause)
	}
	p.Deadline = s.matcher.Deadline(p, now)
	s.timers.set(p.ID, p.Deadline)
	s.touch(e)
}

// touch has a profile stored with the next commit.
func (s *Shard) touch(e *cached) {
	if !e.dirty {
		e.dirty = true
		s.dirty = append(s.dirty, e)
	}
}

func (s *Shard) change(p *profile.Profile, segment string, entered bool, at int64, cause Cause) {
	p.Version++
	if entered && cause != CauseEvent {
		p.ReachDay = 0
	}
	s.changes = append(s.changes, Change{
		Segment: segment, Profile: p.ID, Entered: entered, At: at, Version: p.Version, Cause: cause,
	})
}

// countReach notes a profile's first activity of a day for every segment it
// is in, and later that day for those it enters. After an
// entry by time the next activity counts like a first one.
func (s *Shard) countReach(p *profile.Profile, changes []Change) {
	day := s.clock / millisPerDay
	if p.ReachDay != day {
		p.ReachDay = day
		for i := range p.Members.All() {
			if i >= s.set.Len() {
				break // conditions stand behind the segments
			}
			s.reach = append(s.reach, Reach{s.set.Segment(i).ID, p.ID, day})
		}
		return
	}
	for _, c := range changes {
		if c.Entered {
			s.reach = append(s.reach, Reach{c.Segment, p.ID, day})
		}
	}
}

// profile returns a profile that is in memory, nil for one that is not. The
// caller must not change it.
func (s *Shard) profile(id string) *profile.Profile {
	if e := s.cache.get(id); e != nil {
		return e.profile
	}
	return nil
}

// members calls f with every cached profile that is in a segment, in no
// order. It is complete only while nothing was ever dropped from memory.
func (s *Shard) members(segment string, f func(profile string)) {
	position, ok := s.set.Position(segment)
	if !ok {
		return
	}
	for id, e := range s.cache.profiles {
		if e.profile.Members.Has(position) {
			f(id)
		}
	}
}
