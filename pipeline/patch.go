package pipeline

import (
	"fmt"

	"muster/directive"
	"muster/profile"
	"muster/rules"
)

// direct does what a directive asks for, and returns why it can't, "" if it
// can. arrival is when the directive came, ms. The profile that it is about must
// be in memory.
func (s *Shard) direct(d *directive.Directive, arrival int64) (refusal string, err error) {
	switch d.Kind {
	case directive.Open:
		return s.openSeam(d.Run, d.Series, arrival), nil
	case directive.Close:
		return s.closeSeam(d.Run, d.Since), nil
	case directive.GiveUp:
		return s.giveUpSeam(d.Run), nil
	}
	s.passedOver = false
	e := s.cache.get(d.Profile)
	if e == nil {
		return "", fmt.Errorf("following a directive: profile %q was not loaded", d.Profile)
	}
	if d.Kind == directive.Erase {
		s.erase(e, d, arrival)
		return "", nil
	}
	if s.wasErased(d.Profile) {
		s.passedOver = true
		return "", nil
	}
	seam := s.seams.Open(d.Run, s.clock)
	if seam == nil {
		return fmt.Sprintf("the patch is of run %q, whose seam is not open: begin another run", d.Run), nil
	}
	patch, damage := profile.DecodePatch(d.Body)
	if damage == nil {
		damage = seam.Check(patch, s.set.Schema())
	}
	if damage != nil {
		return damage.Error(), nil
	}
	return s.merge(e, seam, patch), nil
}

// merge brings a patch into its profile, and evaluates what it changed, at
// the clock. What is due of the profile by then is served first, as before an
// event. A patch is no activity, so it does not count for reach. It returns why
// the patch can't be merged, "" if it can.
func (s *Shard) merge(e *cached, seam *profile.Seam, patch *profile.Patch) (refusal string) {
	way, err := e.profile.Retrace(s.set.Schema(), &s.limits, s.set.Len(), seam, patch)
	if err != nil {
		return err.Error()
	}
	s.refresh(e)
	s.serveOverdue(e)
	if e.profile.Generation == s.generation && way == nil {
		s.matcher.Prepare(e.profile, s.clock)
	}
	s.changed.Reset()
	merged := e.profile.Merge(s.set.Schema(), &s.limits, seam, patch, s.clock, &s.changed)
	if way != nil {
		s.retrace(way, seam.At)
		e.profile.MergeHeld(s.set.Len(), seam, patch, way.Profile)
	}
	if !merged && way == nil || !e.profile.Exists() {
		return "" // it has come before, or there is neither an event nor a patch that tells of one
	}
	before := len(s.changes)
	s.evaluate(e, s.clock, CauseBackfill, func(p *profile.Profile) []rules.Flip {
		if way != nil {
			return s.matcher.Full(p, s.clock)
		}
		return s.matcher.Update(p, &s.changed, s.clock)
	})
	for i := before; i < len(s.changes); i++ {
		s.changes[i].Run = seam.Run
	}
	return ""
}

// retrace takes a profile from a seam to the clock.
func (s *Shard) retrace(way *profile.Retracing, seam int64) {
	f := follower{matcher: s.matcher}
	f.follow(way.Profile, seam)
	for at, ok := way.Next(); ok; at, ok = way.Next() {
		f.step(at, true, func(changed *profile.Changed) bool { return way.Step(s.set.Schema(), &s.limits, changed) })
	}
	f.pass(s.clock)
}
