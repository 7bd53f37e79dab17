package activation

import (
	"context"
	"fmt"
	"time"
)

// A snapshot run tells a destination who the members are, page by page, while
// changes go on. A page is of one moment. What the outbox had until then is
// delivered before it, and what comes behind it has higher versions; so there
// is neither a gap nor an inversion, and nothing has to stand still.
//
// The messages of a page are stored before the first of them is sent, together
// with where the next page begins. From there on they are messages that wait:
// they keep their ids and their place in the order, whoever goes on with them.
//
// A run is carried out by each shard for itself, when somebody has asked for it.
// Formats that can say so tell where a shard's part of it begins and ends, see
// Part. The first page is read when the beginning was taken: so whatever comes
// about a membership later than it, or was named, is true, and a receiver can
// drop the members that it has heard nothing of since. Where some were given up,
// or changes were missed meanwhile, the part has no end: a receiver must never
// drop a member that it was not told of.
//
// Behind a gap an entry may still wait whose exit was missed, and be taken long
// after the run. So the run names such exits too. Where one is taken in the middle
// of the run it does not make the gap good, and another one is asked for.

// Members is who is in the segments of one shard.
type Members interface {
	// Page returns the members that come behind a place, all as of one moment.
	Page(ctx context.Context, behind string, limit Limit) (Page, error)
}

// Limit is what a Page may hold.
type Limit struct {
	// Memberships is how many of them there are at most, but for those of a
	// single profile, which are never split.
	Memberships int
	// Wants reports whether those of a segment are asked for.
	Wants func(segment string) bool
}

// Page is a part of a shard's profiles as of one moment.
type Page struct {
	Profiles []Profile // those without a membership too
	Next     string    // place that the page behind it begins at, "" when there is none
	Number   int64     // of the newest change of the shard that this page knows
	At       int64     // ms since 1970 UTC, of the shard's clock
}

// Profile is what a Page tells of one.
type Profile struct {
	ID       string
	Version  uint64   // of its last change
	Segments []string // that are wanted and that it is in
}

// Part is where a shard's part of a snapshot run begins or ends.
type Part struct {
	Number, Of int   // which of how many, from 1; each shard is one
	Ended      bool  // false where it begins
	Members    int64 // how many memberships were named; 0 where it begins
}

// Ended is what came of a snapshot run in one shard.
type Ended struct {
	Run   string
	Shard int
	Named int64 // memberships, exits not counted
	Lost  int64 // of them, those that the destination was not sent in the end
	Torn  bool  // whether it could not make a gap good: another run follows
	Told  bool  // whether the destination is told that the part has ended
}

const (
	// causeSnapshot is the cause of what a snapshot run sends.
	causeSnapshot = "snapshot"
	// InitialRun is the run that a destination begins with, see Destination.Initial.
	InitialRun = "initial"
	// allNamed is the place behind all members.
	allNamed = "end"
	// owedMost bounds the messages of a run that wait in a shard: with so many
	// no page is read. It is passed by one page at most.
	owedMost = 2 * roundSize
	// pageMessages is how many messages a page makes for each that may be on its
	// way at once: changes that come meanwhile wait for no more than these.
	pageMessages = 16
	// gapEvery is how often a shard asks for a run at most because of gaps: a
	// destination that can't keep up must not get ever more to do.
	gapEvery = 10 * time.Minute
)

// at returns the standing behind a change.
func (s Standing) at(last Change) Standing {
	s.Behind, s.Number, s.Until = last.Entry, last.Number, last.Number
	return s
}

// begun returns the standing at the beginning of a run.
func (s Standing) begun(run string) Standing {
	s.Asked, s.Run, s.Mark, s.Named, s.Owed, s.Lost = run, run, "", 0, 0, 0
	s.Began, s.Gap, s.Torn = s.Number, s.Gap+s.Torn, 0
	return s
}

// snapshot does a step of a snapshot run, if there is one, and reports whether
// there is more to do at once.
func (c *courier) snapshot(ctx context.Context) (more bool, err error) {
	own := &c.standing
	switch {
	case c.members == nil || own.Until > own.Number:
		return false, nil
	case c.asked != "" && c.asked != own.Asked:
		return true, c.begin(ctx)
	case own.Run == "":
		return false, c.askAgain(ctx)
	case own.Mark == allNamed:
		return false, c.complete(ctx)
	case own.Owed >= owedMost, own.Mark == "" && own.Owed > 0:
		return false, nil
	case c.page == nil:
		limit := Limit{Memberships: min(roundSize, pageMessages*c.batch*c.concurrency), Wants: c.wants}
		page, err := c.members.Page(ctx, own.Mark, limit)
		if err != nil {
			return false, fmt.Errorf("reading members: %w", err)
		}
		c.page = &page
	}
	if behind, err := c.catchUp(ctx); behind || err != nil {
		return true, err
	}
	return true, c.nameMembers(ctx)
}

// begin begins the run that is asked for, in place of one that is carried out.
func (c *courier) begin(ctx context.Context) error {
	c.page = nil
	then := c.standing.begun(c.asked)
	if !c.completes {
		return c.save(ctx, newSteps(then, nil))
	}
	then.Owed++
	return c.tell(ctx, then, then.Run, Part{Number: c.shard + 1, Of: c.shards})
}

// complete ends a run, once none of its messages waits any more. The destination
// is told of it only when nothing is missing.
func (c *courier) complete(ctx context.Context) error {
	own := c.standing
	if own.Owed > 0 {
		return nil
	}
	then := own
	then.Run, then.Mark = "", ""
	then.Gap, then.Torn = own.Torn, 0
	told := c.completes && own.Lost == 0 && own.Torn == 0
	var err error
	if told {
		err = c.tell(ctx, then, own.Run, Part{Number: c.shard + 1, Of: c.shards, Ended: true, Members: own.Named})
	} else {
		err = c.save(ctx, newSteps(then, nil))
	}
	if err == nil {
		c.observer.ended(c.name, Ended{own.Run, c.shard, own.Named, own.Lost, own.Torn > 0, told})
	}
	return err
}

// tell has a message wait that says where a part of a run begins or ends, and
// saves it with what follows.
func (c *courier) tell(ctx context.Context, then Standing, run string, part Part) error {
	found, err := c.heldBack(ctx, []string{""}) // those before it
	if err != nil {
		return err
	}
	then.Serial++
	s := newSteps(then, found.Held)
	p := newParcel([]Change{{Number: -then.Serial, At: c.now().UnixMilli(), Cause: causeSnapshot, Run: run, Part: &part}})
	p.owed = !part.Ended
	if err := c.promise(p, s); err != nil {
		return err
	}
	return c.save(ctx, s)
}

// completes reports whether a message can say that a snapshot run is complete.
// In Kafka records can, as they are of the format muster.
func (d *Destination) completes() bool {
	format, err := d.formatOf()
	return d.Kafka != nil || err == nil && format.completes
}
