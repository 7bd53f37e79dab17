package activation

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

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
	if c.over(ctx) || c.breaker.blocked(c.now()) {
		return c.leave(p, s)
	}
	message, err := c.encode(p.changes)
	if err != nil {
		answer := Answer{Verdict: Refused, Reason: "encoding: " + err.Error()}
		if err := c.note(p, s, "", answer); err != nil {
			return err
		}
		return c.giveUp(p, s, answer.Reason)
	}
	// A probe keeps others from theirs, so it does not wait for the rate.
	if c.limiter.Wait(ctx) != nil {
		return c.leave(p, s)
	}
	right := c.breaker.allow(c.now())
	if right == 0 {
		return c.leave(p, s)
	}
	answer := c.sender.Send(ctx, message)
	if ctx.Err() != nil && answer.Verdict != Delivered { // the process ends: that is nobody's fault
		c.breaker.release(right)
		return s.queue(p, c.now().UnixMilli())
	}
	c.observer.attempted(c.name, len(p.changes), answer)
	c.judge(right, answer)
	if err := c.note(p, s, message.ID, answer); err != nil {
		return err
	}
	return c.conclude(p, s, answer)
}

// leave has the next round send a message.
func (c *courier) leave(p *parcel, s *steps) error {
	c.cut.Store(true)
	return s.postpone(p, c.now().UnixMilli())
}

// judge tells the breaker what an answer says about the destination, apart
// from the message: whatever is no request to come later shows that it answers.
func (c *courier) judge(right permit, answer Answer) {
	changed := false
	if now := c.now(); answer.Verdict == Deferred {
		changed = c.breaker.fail(now, right, answer.After, answer.Reason)
	} else {
		changed = c.breaker.succeed(now)
	}
	if changed {
		circuit, _ := c.breaker.shown()
		c.observer.circuit(c.name, circuit)
	}
}

// conclude does what follows from an answer for the message.
func (c *courier) conclude(p *parcel, s *steps, answer Answer) error {
	switch answer.Verdict {
	case Delivered:
		s.release(p, CountDelivered, c.now().UnixMilli())
		return nil
	case Refused:
		return c.giveUp(p, s, answer.Reason)
	case Gone:
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
