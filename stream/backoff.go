package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff gives waits between attempts, each at random from 0 to a bound that grows, so
// that many partitions don't come back at the same instant.
type backoff struct {
	first, most time.Duration
	attempt     int
}

// reset makes the next wait the first one again.
func (b *backoff) reset() { b.attempt = 0 }

func (b *backoff) next() time.Duration {
	const doublings = 20 // enough for any most, and far from overflow
	bound := min(b.first<<min(b.attempt, doublings), b.most)
	b.attempt++
	return rand.N(bound + 1)
}

// pause waits, or returns early with ctx's error when ctx ends.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
