package activation

import (
	"context"
	"fmt"
)

// A snapshot run tells a destination who the members are, page by page, while
// changes go on. A page is of one moment. What the outbox had until then is
// delivered before it, and what comes behind it has higher versions; so there
// is neither a gap nor an inversion, and nothing has to stand still.
//
// A run is carried out by each shard for itself. It begins when somebody has
// asked for it, and says in a message of its own when all of the shard's
// members were named, see Completed.

// Members is who is in the segments of one shard.
type Members interface {
	// Page returns the profiles behind a mark, 0 for the first ones, with the
	// segments that each of them is in, all as of one moment.
	Page(ctx context.Context, mark int64) (Page, error)
}

// Page is a part of a shard's profiles as of one moment. It is bounded by
// whoever makes it.
type Page struct {
	Profiles []Profile
	Next     int64 // mark that the page behind begins at, 0 when there is none
	Number   int64 // of the newest change of the shard that this page knows
	At       int64 // ms since 1970 UTC, of the shard's clock
}

// Profile is what a Page tells of one.
type Profile struct {
	ID       string
	Version  uint64 // of its last change
	Segments []string
}

// Completed says that a snapshot run has named all members of a shard.
type Completed struct {
	// Part is which of Parts parts has ended, from 1. Each shard is one.
	Part, Parts int
	// Members is how many memberships the part has named.
	Members int64
}

// causeSnapshot is the cause of what a snapshot run sends.
const causeSnapshot = "snapshot"

// initialRun is the run that a destination begins with, when it asks for one.
const initialRun = "initial"

// allNamed is the mark of a run that has named all members and did not say so
// yet.
const allNamed = -1

// at returns the standing behind a change.
func (s Standing) at(last Change) Standing {
	s.Behind, s.Number, s.Until = last.Entry, last.Number, last.Number
	return s
}

// begun returns the standing at the beginning of a run.
func (s Standing) begun(run string) Standing {
	s.Asked, s.Run, s.Mark, s.Named = run, run, 0, 0
	return s
}

// snapshot does a step of a snapshot run, if there is one, and reports whether
// there is more to do at once.
func (c *courier) snapshot(ctx context.Context) (more bool, err error) {
	switch {
	case c.members == nil:
		return false, nil
	case c.asked != "" && c.asked != c.standing.Asked:
		return true, c.save(ctx, newSteps(c.standing.begun(c.asked), nil))
	case c.standing.Run == "":
		return false, nil
	case c.standing.Mark == allNamed:
		return c.complete(ctx)
	}
	page, err := c.members.Page(ctx, c.standing.Mark)
	if err != nil {
		return false, fmt.Errorf("reading members: %w", err)
	}
	if err := c.catchUp(ctx, page.Number); err != nil {
		return false, err
	}
	return true, c.nameMembers(ctx, page)
}

// catchUp delivers all changes up to a number, and none behind it.
func (c *courier) catchUp(ctx context.Context, number int64) error {
	for c.standing.Number < number {
		if err := c.fill(ctx); err != nil {
			return err
		}
		read := c.upTo(number)
		if len(read) == 0 {
			return nil // the outbox has dropped them, which the next change will tell
		}
		if _, err := c.handle(ctx, read); err != nil {
			return err
		}
	}
	return nil
}

// nameMembers tells of the members of a page.
func (c *courier) nameMembers(ctx context.Context, page Page) error {
	changes := c.named(page)
	if len(c.traits) > 0 {
		if err := c.equip(ctx, changes); err != nil {
			return err
		}
	}
	found, err := c.heldBack(ctx, changes)
	if err != nil {
		return err
	}
	then := c.standing
	then.Named += int64(len(changes))
	then.Serial += int64(len(changes))
	if then.Mark = page.Next; page.Next == 0 {
		then.Mark = allNamed
	}
	s := newSteps(then, found.Held)
	free, behind := apart(changes, found.Held)
	for _, own := range alone(behind, c.batch) {
		p := newParcel(own)
		p.sent = true // nothing may cancel out with what a run names
		if err := s.queue(p, 0); err != nil {
			return err
		}
	}
	if err := c.dispatch(ctx, lanes(compose(free, c.batch), true), s); err != nil {
		return err
	}
	c.observer.snapshot(c.name, then.Run, len(changes))
	return c.save(ctx, s)
}

// named returns what a page tells of the segments that are wanted. The numbers
// are negative, so that no change of the outbox has them.
func (c *courier) named(page Page) []Change {
	var out []Change
	for i := range page.Profiles {
		p := &page.Profiles[i]
		for _, segment := range p.Segments {
			if !c.wants(segment) {
				continue
			}
			out = append(out, Change{
				Number: -(c.standing.Serial + int64(len(out)) + 1), Profile: p.ID, Segment: segment, Entered: true,
				At: page.At, Version: p.Version, Cause: causeSnapshot, Run: c.standing.Run,
			})
		}
	}
	return out
}

// complete says that all members were named, once nothing waits any more that
// could name one.
func (c *courier) complete(ctx context.Context) (more bool, err error) {
	if c.waiting > 0 {
		return false, nil
	}
	then := c.standing
	then.Run, then.Mark = "", 0
	then.Serial++
	s := newSteps(then, nil)
	if c.completes {
		p := newParcel([]Change{{
			Number: -then.Serial, At: c.now().UnixMilli(), Cause: causeSnapshot, Run: c.standing.Run,
			Completed: &Completed{Part: c.shard + 1, Parts: c.shards, Members: c.standing.Named},
		}})
		p.sent = true
		if err := c.sendAll(ctx, [][]*parcel{{p}}, s); err != nil {
			return false, err
		}
	}
	return false, c.save(ctx, s)
}

// completes reports whether a message can say that a snapshot run is complete.
func (d *Destination) completes() bool {
	format, err := d.formatOf()
	return d.Kafka == nil && err == nil && format.completes
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
