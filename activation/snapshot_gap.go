package activation

import (
	"context"
	"fmt"
)

// A gap is what the outbox has dropped before it was read. A snapshot run makes
// it good: it names who is a member, and the destination drops whom it has heard
// nothing of since the run began. Two things keep a run from that: another gap,
// and a message from before the run that is taken in the middle of it, as what
// it tells may have ended in the gap. Then another run follows.

// askAgain asks for a run when changes were missed that none has made good for.
func (c *courier) askAgain(ctx context.Context) error {
	now := c.now()
	if c.standing.Gap == 0 || !c.requested.IsZero() && now.Sub(c.requested) < gapEvery {
		return nil
	}
	if err := c.request(ctx, RunID("gap", now), c.standing.Asked); err != nil {
		return fmt.Errorf("asking for a snapshot run: %w", err)
	}
	c.requested = now
	return nil
}

// missed notes changes that the outbox had dropped. Each is told to the observer
// once, also when Save fails and they are read again.
func (c *courier) missed(changes int64, s *steps) {
	s.step.Add[CountMissed] = changes
	if c.standing.Run == "" {
		s.step.Gap += changes
	} else {
		s.step.Torn += changes
	}
	if c.told.behind != c.standing.Number {
		c.told = toldMissed{behind: c.standing.Number}
	}
	if n := changes - c.told.changes; n > 0 {
		c.told.changes = changes
		c.observer.missed(c.name, n)
	}
}

// toldMissed is how many missed changes behind a number the observer knows of.
type toldMissed struct{ behind, changes int64 }

// isBefore reports whether a message is older than the run that is carried out.
// What it tells behind a gap may have ended, and is heard of since the run began.
func (p *parcel) isBefore(s *Standing) bool {
	if p.number > 0 {
		return p.number <= s.Began
	}
	return p.changes[0].Run != s.Run
}
