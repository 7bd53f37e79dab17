package activation

import (
	"context"
	"fmt"
	"time"
)

// fresh sends changes that are new.
func (c *courier) fresh(ctx context.Context) (more bool, err error) {
	read, more, err := c.gather(ctx)
	if err != nil {
		return false, err
	}
	if len(read) == 0 {
		c.standing.Until = c.standing.Number // the outbox has dropped what was being sent, if anything was
		if !c.overdue() {
			return more, nil
		}
		return more, c.save(ctx, newSteps(c.standing, nil))
	}
	now, err := c.handle(ctx, read)
	return more || now, err
}

// handle delivers or passes changes that were read behind one another, and
// reports whether messages wait that are due at once.
func (c *courier) handle(ctx context.Context, read []Change) (now bool, err error) {
	last := read[len(read)-1]
	missed := last.Number - c.standing.Number - int64(len(read))
	wanted := c.wanted(read)
	if len(wanted) > 0 || missed > 0 {
		err := c.deliver(ctx, wanted, last, missed)
		return len(c.traits) > 0 || c.cut.Load(), err // those with traits wait, and are due
	}
	return false, c.pass(ctx, last)
}

// wanted returns the changes that the destination asks for.
func (c *courier) wanted(read []Change) []Change {
	var out []Change
	for _, change := range read {
		if c.wants(change.Segment) {
			out = append(out, change)
		}
	}
	return out
}

// pass goes on behind changes that the destination does not ask for. Which
// they are is found out again after a restart, so they are seldom saved, but
// not never: what is erased stays in the outbox until this is behind it.
func (c *courier) pass(ctx context.Context, last Change) error {
	c.standing = c.standing.at(last)
	if c.unsaved.IsZero() {
		c.unsaved = c.now()
	}
	if last.Number-c.saved < roundSize && !c.overdue() {
		return nil
	}
	return c.save(ctx, newSteps(c.standing, nil))
}

// passedEvery is after how long it is saved that changes were passed.
const passedEvery = 5 * time.Second

// overdue reports whether it has to be saved now that changes were passed.
func (c *courier) overdue() bool {
	return !c.unsaved.IsZero() && c.now().Sub(c.unsaved) >= passedEvery
}

// deliver sends changes, the last one read being last.
func (c *courier) deliver(ctx context.Context, wanted []Change, last Change, missed int64) error {
	found, err := c.heldBack(ctx, profilesOf(wanted))
	if err != nil {
		return err
	}
	again := c.standing.Until > c.standing.Number // somebody has begun to send these
	if len(c.traits) > 0 {
		if err := c.equip(ctx, wanted); err != nil {
			return err
		}
	} else if !again {
		c.standing.Until = last.Number
		if err := c.ledger.Save(ctx, Step{Standing: c.standing}); err != nil {
			return fmt.Errorf("saving what is being sent: %w", err)
		}
	}
	s := newSteps(c.standing.at(last), found.Held)
	if missed > 0 {
		c.missed(missed, s)
	}
	free, behind := apart(wanted, found.Held)
	if err := c.hold(behind, found.Behind, s); err != nil {
		return err
	}
	if err := c.dispatch(ctx, lanes(compose(c.coalesce(free, s), c.batch), again), s); err != nil {
		return err
	}
	return c.save(ctx, s)
}

// dispatch sends messages, or has them wait first where they must be stored
// before anybody sees them.
func (c *courier) dispatch(ctx context.Context, lanes [][]*parcel, s *steps) error {
	if len(c.traits) > 0 {
		return c.store(lanes, s)
	}
	return c.sendAll(ctx, lanes, s)
}
