package activation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// roundSize is how many changes, and how many waiting messages, a courier
// takes up at once; it bounds what it holds in memory.
const roundSize = 1000

// roundMost is how long a courier begins attempts before it looks again what
// is to be done with the destination. What is left waits, and is due.
const roundMost = time.Second

// courier delivers the changes of one shard to one destination. It works in
// rounds: messages that are due, and then changes that are new. Whatever a
// round has changed is saved at its end.
type courier struct {
	route
	breaker  *breaker
	request  func(ctx context.Context, run, instead string) error // see Control
	outbox   Outbox
	ledger   Ledger
	profiles Profiles // nil where no traits are sent
	observer *Observer
	now      func() time.Time
	random   *rand.Rand

	shard     int
	shards    int    // of the deployment
	asked     string // the snapshot run that was asked for last, "" for none
	replay    string // the replay that it has seen
	members   Members
	page      *Page // that was read and whose messages do not wait yet, nil for none
	told      toldMissed
	requested time.Time // when a run was asked for because of a gap; zero for never
	standing  Standing
	saved     int64     // standing.Number as it is stored
	unsaved   time.Time // since when standing.Number is another one than that; zero where it is not, or only just
	gathered  gathering
	leaving   <-chan struct{} // closed when no more attempts are to be made; nil for never
	began     time.Time       // of the round
	cut       atomic.Bool     // whether the round has left messages for the next one
	tried     atomic.Int64    // attempts of the round
	share     int             // messages that are read at once to be sent again; 0 for roundSize
	shown     int             // edition of the breaker that is stored, -1 for another one
	waiting   int64           // messages that wait, as of the last look
	looked    time.Time       // when it was last looked for messages that are due
}

// claim begins, or begins anew.
func (c *courier) claim(ctx context.Context) (err error) {
	c.standing, err = c.ledger.Claim(ctx)
	c.saved, c.waiting, c.gathered = c.standing.Number, c.standing.Waiting, gathering{}
	c.page, c.unsaved = nil, time.Time{}
	if err != nil {
		return err
	}
	return c.claimBreaker()
}

// round delivers what can be delivered now, and reports whether there may be
// more at once.
func (c *courier) round(ctx context.Context) (more bool, err error) {
	if c.breaker.blocked(c.now()) {
		return false, nil
	}
	c.began = c.now()
	c.cut.Store(false)
	c.tried.Store(0)
	// What was being sent when the process ended comes first: while nothing
	// else has changed, it is sent in the messages that it was sent in.
	// Messages that were put back by hand are found by looking now and then.
	if c.standing.Until <= c.standing.Number && (c.waiting > 0 || c.now().Sub(c.looked) >= idleEvery) {
		more, err := c.again(ctx)
		if err != nil || more || c.breaker.blocked(c.now()) { // then what is new stays in the outbox
			return more, err
		}
	}
	if c.page == nil { // what is behind a page waits for it
		if more, err = c.fresh(ctx); err != nil {
			return false, err
		}
	}
	// Changes and pages take turns, so that neither has the other wait for long.
	named, err := c.snapshot(ctx)
	return more || named, err
}

// over reports whether the round makes no more attempts: so whatever is asked
// for meanwhile is seen soon, however slow the destination is.
func (c *courier) over(ctx context.Context) bool {
	select {
	case <-c.leaving:
		return true
	default:
		return ctx.Err() != nil || c.now().Sub(c.began) >= roundMost
	}
}

// heldBack returns the messages that hold back profiles.
func (c *courier) heldBack(ctx context.Context, profiles []string) (Found, error) {
	if c.waiting == 0 || len(profiles) == 0 {
		return Found{}, nil
	}
	q := Question{Profiles: profiles}
	if c.coalesces {
		q.Behind = behindMost
	}
	return c.find(ctx, q)
}

// find asks the ledger, and notes how many messages wait.
func (c *courier) find(ctx context.Context, q Question) (Found, error) {
	found, err := c.ledger.Find(ctx, q)
	if err == nil {
		c.waiting = found.Waiting
	}
	return found, err
}

// errDisabled is returned by a round in which the destination has said that
// it wants nothing any more.
type errDisabled struct{ reason string }

// Error says why.
func (e errDisabled) Error() string { return "the destination wants nothing any more: " + e.reason }

func (c *courier) save(ctx context.Context, s *steps) error {
	// A process that is told to end still says what it has delivered.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	s.settle()
	if err := c.ledger.Save(ctx, s.step); err != nil {
		return fmt.Errorf("saving what was delivered: %w", err)
	}
	c.standing, c.saved, c.unsaved = s.step.Standing, s.step.Number, time.Time{}
	c.waiting += s.more()
	if s.gone != "" {
		return errDisabled{s.gone}
	}
	return nil
}

// saveTimeout bounds the last Save of a process that is told to end.
const saveTimeout = 10 * time.Second
