package activation

import (
	"context"
	"slices"
)

// catchUp delivers changes that the page knows, and none behind them. It
// reports whether there may be more of them.
func (c *courier) catchUp(ctx context.Context) (behind bool, err error) {
	if c.standing.Number >= c.page.Number {
		return false, nil
	}
	if err := c.fill(ctx); err != nil {
		return false, err
	}
	read := c.upTo(c.page.Number)
	if len(read) == 0 {
		return false, nil // the outbox has dropped them, which the next change will tell
	}
	_, err = c.handle(ctx, read)
	return true, err
}

// nameMembers has messages wait that tell of the members of the page.
func (c *courier) nameMembers(ctx context.Context) error {
	found, err := c.heldBack(ctx, c.page.ids())
	if err != nil {
		return err
	}
	last, err := c.lastOf(ctx, found.Held)
	if err != nil {
		return err
	}
	changes, members := c.named(c.page, last)
	if len(c.traits) > 0 {
		if err := c.equip(ctx, changes); err != nil {
			return err
		}
	}
	then := c.standing
	then.Named += members
	then.Serial += int64(len(changes))
	then.Paged = max(then.Paged, c.page.Number)
	if then.Mark = c.page.Next; then.Mark == "" {
		then.Mark = allNamed
	}
	free, behind := apart(changes, found.Held)
	messages := append(compose(free, c.batch), alone(behind, c.batch)...)
	then.Owed += int64(len(messages))
	s := newSteps(then, found.Held)
	for _, own := range messages {
		p := newParcel(own)
		p.owed = true
		if err := c.promise(p, s); err != nil {
			return err
		}
	}
	if err := c.save(ctx, s); err != nil {
		return err
	}
	c.page = nil
	c.observer.named(c.name, int(members))
	return nil
}

// promise has a message of a run wait: until those before it are gone, or for
// nothing.
func (c *courier) promise(p *parcel, s *steps) error {
	p.sent = true // nothing may cancel out with what a run tells
	if behind, err := s.behind(p); behind || err != nil {
		return err
	}
	return s.queue(p, c.now().UnixMilli())
}

// lastOf returns, by membership, whether the last message that waits for one
// of some profiles enters it.
func (c *courier) lastOf(ctx context.Context, held map[string][]int64) (map[membership]bool, error) {
	last := map[membership]bool{}
	for profile, numbers := range held {
		for chunk := range slices.Chunk(numbers, roundSize) {
			found, err := c.find(ctx, Question{Numbers: chunk})
			if err != nil {
				return nil, err
			}
			for _, w := range found.Numbered {
				p, err := decode(w)
				if err != nil {
					return nil, err
				}
				for i := range p.changes {
					if change := &p.changes[i]; change.Profile == profile {
						last[membership{profile, change.Segment}] = change.Entered
					}
				}
			}
		}
	}
	return last, nil
}

// named returns what a page tells, and how many members it names: in which
// segments a profile is, and that it is in none of those that the last message
// that waits would have it enter. The numbers are negative, so that no change of
// the outbox has them.
func (c *courier) named(page *Page, last map[membership]bool) (changes []Change, members int64) {
	add := func(p *Profile, segment string, entered bool) {
		changes = append(changes, Change{
			Number: -(c.standing.Serial + int64(len(changes)) + 1), Profile: p.ID, Segment: segment, Entered: entered,
			At: page.At, Version: p.Version, Cause: causeSnapshot, Run: c.standing.Run,
		})
	}
	left := map[string][]string{}
	for m, entered := range last {
		if entered {
			left[m.profile] = append(left[m.profile], m.segment)
		}
	}
	for i := range page.Profiles {
		p := &page.Profiles[i]
		for _, segment := range p.Segments {
			add(p, segment, true)
			members++
		}
		slices.Sort(left[p.ID])
		for _, segment := range left[p.ID] {
			if !slices.Contains(p.Segments, segment) {
				add(p, segment, false)
			}
		}
	}
	return changes, members
}

// ids returns the profiles of a page.
func (p *Page) ids() []string {
	ids := make([]string, len(p.Profiles))
	for i := range p.Profiles {
		ids[i] = p.Profiles[i].ID
	}
	return ids
}

// apart separates changes of profiles that are free from those of profiles
// that are held back.
func apart(changes []Change, held map[string][]int64) (free, behind []Change) {
	for _, change := range changes {
		if len(held[change.Profile]) > 0 {
			behind = append(behind, change)
		} else {
			free = append(free, change)
		}
	}
	return free, behind
}
