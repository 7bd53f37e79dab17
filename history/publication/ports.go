package publication

import (
	"context"
	"time"

	"muster/directive"
	"muster/pipeline"
)

// Guide puts directives on the log of the shards.
type Guide interface {
	// Direct returns when all directives are acknowledged: a patch by the shard
	// of its profile, any other by every shard. What is sent again does no harm.
	Direct(ctx context.Context, directives []directive.Directive) error
}

// Shards tells what shards have stored.
type Shards interface {
	Seams(ctx context.Context, shard int) ([]pipeline.Seam, error)
	Standing(ctx context.Context, shard int) (Standing, error)
}

// Standing is where a shard is.
type Standing struct {
	Rules string // fingerprint of the rules of its last commit, "" before the first
	Clock int64  // its stream time, ms since 1970 UTC
}

// Log tells how far the shards have read their logs.
type Log interface {
	// Ends returns the offset that the next record of each shard will get.
	Ends(ctx context.Context) ([]int64, error)
	// Offsets returns the next offset that each shard will apply, -1 for one
	// that has applied nothing.
	Offsets(ctx context.Context) ([]int64, error)
	// Dead returns how many records the keyed topic's dead letters have been so
	// far, of whatever cause.
	Dead(ctx context.Context) (int64, error)
}

// Clock is what a publication waits by.
type Clock interface {
	Now() time.Time
	// Wait returns after d, or with an error when ctx ends.
	Wait(ctx context.Context, d time.Duration) error
}

// WallClock is the clock of the machine.
type WallClock struct{}

// Now implements Clock.
func (WallClock) Now() time.Time { return time.Now() }

// Wait implements Clock.
func (WallClock) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
