package activation

import "slices"

// Coalescing leaves out changes that were not sent yet and that newer ones have
// made pointless. It touches nothing that may have been received:
//
//   - Within a round it depends on nothing but the round's changes, as compose
//     does. So who takes over in the middle sends the same messages.
//   - Of the messages that hold back a profile the first is left alone: it may
//     have been sent. Those behind it never were, but for dead letters that were
//     put back, and for messages of a round that was begun twice: the first time
//     the one before them may have been taken. Both are marked as sent.

// membership is a segment of a profile.
type membership struct{ profile, segment string }

// coalesced returns what is left of changes, in their order: of each membership
// the newest change, or none when it ends as it was before the oldest.
func coalesced(changes []Change) []Change {
	first, last := map[membership]int{}, map[membership]int{}
	for i := range changes {
		m := membership{changes[i].Profile, changes[i].Segment}
		if _, known := first[m]; !known {
			first[m] = i
		}
		last[m] = i
	}
	left := make([]Change, 0, len(last))
	for i := range changes {
		m := membership{changes[i].Profile, changes[i].Segment}
		// Before an entry the profile was no member, and before an exit it was.
		if i == last[m] && changes[i].Entered == changes[first[m]].Entered {
			left = append(left, changes[i])
		}
	}
	return left
}

// coalesce leaves out what can be left out of changes that go into one round's
// messages.
func (c *courier) coalesce(changes []Change, s *steps) []Change {
	if !c.coalesces {
		return changes
	}
	left := coalesced(changes)
	c.leftOut(len(changes)-len(left), s)
	return left
}

func (c *courier) leftOut(changes int, s *steps) {
	if changes > 0 {
		s.count(CountCoalesced, int64(changes))
		c.observer.coalesced(c.name, changes)
	}
}

// behindMost bounds the messages that are read to coalesce new changes with.
const behindMost = roundSize

// hold has changes of profiles that are held back wait, each profile's behind
// what waits already. behind has the newest messages of those.
func (c *courier) hold(changes []Change, behind map[string][]Waiting, s *steps) error {
	if c.coalesces {
		var err error
		if changes, err = c.coalesceBehind(changes, behind, s); err != nil {
			return err
		}
	}
	for _, own := range alone(changes, c.batch) {
		if err := s.queue(newParcel(own), 0); err != nil {
			return err
		}
	}
	return nil
}

// coalesceBehind takes messages that new changes can be coalesced with from
// those that wait, and returns all changes that have to wait in their place.
func (c *courier) coalesceBehind(changes []Change, behind map[string][]Waiting, s *steps) ([]Change, error) {
	var out []Change
	of := map[string][]Change{}
	for _, change := range changes {
		of[change.Profile] = append(of[change.Profile], change)
	}
	for _, profile := range profilesOf(changes) {
		unsent, err := unsentOf(behind[profile])
		if err != nil {
			return nil, err
		}
		var all []Change
		for _, p := range unsent {
			all = append(all, p.changes...)
		}
		all = append(all, of[profile]...)
		left := coalesced(all)
		if len(left) == len(all) {
			out = append(out, of[profile]...)
			continue
		}
		c.leftOut(len(all)-len(left), s)
		for _, p := range unsent {
			s.remove(p)
		}
		out = append(out, left...)
	}
	return out, nil
}

// unsentOf returns the messages at the end of a list that were never sent.
func unsentOf(waiting []Waiting) ([]*parcel, error) {
	var out []*parcel
	for _, w := range slices.Backward(waiting) {
		p, err := decode(w)
		if err != nil {
			return nil, err
		}
		if p.sent || p.failed > 0 || len(p.profiles()) > 1 {
			break
		}
		out = append(out, p)
	}
	slices.Reverse(out)
	return out, nil
}
