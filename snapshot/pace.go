package snapshot

import (
	"context"
	"time"
)

// pace keeps whoever reads a lot from keeping Redis busy: it rests so many times
// as long as it has worked.
type pace struct {
	rest  int
	begun time.Time // of the work since the last rest
}

func newPace(rest int) *pace { return &pace{rest, time.Now()} }

// pause rests, until ctx ends.
func (p *pace) pause(ctx context.Context) {
	timer := time.NewTimer(time.Duration(p.rest) * time.Since(p.begun))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	p.begun = time.Now()
}
