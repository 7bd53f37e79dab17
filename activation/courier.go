package activation

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// roundSize is how many changes, and how many waiting messages, a courier
// takes up at once; it bounds what it holds in memory.
const roundSize = 1000

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
	saved     int64 // standing.Number as it is stored
	gathered  gathering
	waiting   int64     // messages that wait, as of the last look
	looked    time.Time // when it was last looked for messages that are due
}

// route is what a courier has to know of its destination.
type route struct {
	name        string
	batch       int           // changes that a message carries at most
	batchAge    time.Duration // how long fewer of them wait for more
	concurrency int
	limiter     *rate.Limiter
	wants       func(segment string) bool
	encode      func([]Change) (Message, error)
	sender      Sender
	schedule    schedule
	log         bool // whether attempts are written into the log
	coalesces   bool
	initial     bool       // whether it begins with a snapshot run
	completes   bool       // whether its format can say that a run is complete
	traits      [][]string // paths of those that are sent along
}

// claim begins, or begins anew.
func (c *courier) claim(ctx context.Context) (err error) {
	c.standing, err = c.ledger.Claim(ctx)
	c.saved, c.waiting, c.gathered = c.standing.Number, c.standing.Waiting, gathering{}
	c.page = nil
	return err
}

// round delivers what can be delivered now, and reports whether there may be
// more at once.
func (c *courier) round(ctx context.Context) (more bool, err error) {
	if !c.breaker.open(c.now()).IsZero() {
		return false, nil
	}
	// What was being sent when the process ended comes first: while nothing
	// else has changed, it is sent in the messages that it was sent in.
	// Messages that were put back by hand are found by looking now and then.
	if c.standing.Until <= c.standing.Number && (c.waiting > 0 || c.now().Sub(c.looked) >= idleEvery) {
		more, err := c.again(ctx)
		if err != nil || more {
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

// again sends messages that are due, and reports whether more are due at once.
func (c *courier) again(ctx context.Context) (more bool, err error) {
	c.looked = c.now()
	found, err := c.find(ctx, Question{Due: c.now().UnixMilli(), Most: roundSize})
	if err != nil || len(found.Due) == 0 {
		return false, err
	}
	due := found.Due
	parcels := make([]*parcel, len(due))
	var changes []Change
	for i, w := range due {
		if parcels[i], err = decode(w); err != nil {
			return false, err
		}
		changes = append(changes, parcels[i].changes...)
	}
	blocked, err := c.heldBack(ctx, profilesOf(changes))
	if err != nil {
		return false, err
	}
	s := newSteps(c.standing, blocked.Held)
	slices.SortFunc(parcels, func(a, b *parcel) int { return cmp.Compare(a.number, b.number) })
	lanes := make([][]*parcel, len(parcels))
	for i, p := range parcels {
		s.take(p)
		lanes[i] = parcels[i : i+1]
	}
	if err := c.sendAll(ctx, lanes, s); err != nil {
		return false, err
	}
	more = len(due) == roundSize || s.next(c.now().UnixMilli())
	return more, c.save(ctx, s)
}

// fresh sends changes that are new.
func (c *courier) fresh(ctx context.Context) (more bool, err error) {
	read, more, err := c.gather(ctx)
	if err != nil {
		return false, err
	}
	if len(read) == 0 {
		c.standing.Until = c.standing.Number // the outbox has dropped what was being sent, if anything was
		return more, nil
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
		return len(c.traits) > 0, c.deliver(ctx, wanted, last, missed) // those with traits wait, and are due
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
// they are is found out again after a restart, so they are seldom saved.
func (c *courier) pass(ctx context.Context, last Change) error {
	c.standing = c.standing.at(last)
	if last.Number-c.saved < roundSize {
		return nil
	}
	return c.save(ctx, newSteps(c.standing, nil))
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

// sendAll sends lanes beside each other, and the messages of a lane one after
// the other: once one is not taken, those behind it wait.
func (c *courier) sendAll(ctx context.Context, lanes [][]*parcel, s *steps) error {
	var group errgroup.Group
	group.SetLimit(c.concurrency)
	for _, lane := range lanes {
		group.Go(func() error {
			for _, p := range lane {
				if err := c.sendOne(ctx, p, s); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// sendOne makes one attempt, unless the message has to wait, and notes what
// comes of it.
func (c *courier) sendOne(ctx context.Context, p *parcel, s *steps) error {
	if behind, err := s.behind(p); behind || err != nil {
		return err
	}
	if ctx.Err() != nil {
		return s.queue(p, c.now().UnixMilli())
	}
	if !c.breaker.allow(c.now()) {
		return s.queue(p, c.now().Add(lookEvery).UnixMilli())
	}
	message, err := c.encode(p.changes)
	if err != nil {
		c.breaker.succeed()
		answer := Answer{Verdict: Refused, Reason: "encoding: " + err.Error()}
		if err := c.note(p, s, "", answer); err != nil {
			return err
		}
		return c.giveUp(p, s, answer.Reason)
	}
	var answer Answer
	if c.limiter.Wait(ctx) == nil {
		answer = c.sender.Send(ctx, message)
	}
	if ctx.Err() != nil && answer.Verdict != Delivered { // the process ends: that is nobody's fault
		c.breaker.release()
		return s.queue(p, c.now().UnixMilli())
	}
	c.observer.attempted(c.name, len(p.changes), answer)
	if err := c.note(p, s, message.ID, answer); err != nil {
		return err
	}
	return c.conclude(p, s, answer)
}

// conclude does what follows from an answer.
func (c *courier) conclude(p *parcel, s *steps, answer Answer) error {
	switch answer.Verdict {
	case Delivered:
		c.breaker.succeed()
		s.release(p, CountDelivered, c.now().UnixMilli())
		return nil
	case Refused:
		c.breaker.succeed() // it answers
		return c.giveUp(p, s, answer.Reason)
	case Gone:
		c.breaker.succeed()
		s.disable(answer.Reason)
		return s.queue(p, c.now().UnixMilli())
	default:
		return c.putOff(p, s, answer)
	}
}

// note writes an attempt into the destination's log.
func (c *courier) note(p *parcel, s *steps, message string, answer Answer) error {
	if !c.log {
		return nil
	}
	entries, err := logOf(p, message, answer, c.now())
	s.log(entries)
	return err
}

// putOff has a message wait for its next attempt, if it has one.
func (c *courier) putOff(p *parcel, s *steps, answer Answer) error {
	now := c.now()
	c.breaker.fail(now, answer.After)
	p.failed++
	p.reason = answer.Reason
	s.count(CountDeferred, 1)
	s.mu.Lock()
	pause, ok := c.schedule.wait(p.failed, answer.After, c.random)
	s.mu.Unlock()
	if !ok {
		return c.giveUp(p, s, fmt.Sprintf("%d attempts failed, the last one: %s", p.failed, answer.Reason))
	}
	return s.queue(p, now.Add(pause).UnixMilli())
}

// giveUp makes a message a dead letter.
func (c *courier) giveUp(p *parcel, s *steps, reason string) error {
	p.reason = reason
	text, err := p.encode()
	if err != nil {
		return err
	}
	s.bury(text)
	c.observer.dead(c.name, len(p.changes), reason)
	s.release(p, CountDead, c.now().UnixMilli())
	return nil
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
	c.standing, c.saved = s.step.Standing, s.step.Number
	c.waiting += s.more()
	if s.gone != "" {
		return errDisabled{s.gone}
	}
	return nil
}

// saveTimeout bounds the last Save of a process that is told to end.
const saveTimeout = 10 * time.Second
