package sink

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// OnTrip has do called with the commands of every round trip, behind it.
func (s *Store) OnTrip(do func([]redis.Cmder)) { s.client.AddHook(tripHook{do}) }

type tripHook struct{ do func([]redis.Cmder) }

func (t tripHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (t tripHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, command redis.Cmder) error {
		defer t.do([]redis.Cmder{command})
		return next(ctx, command)
	}
}

func (t tripHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, commands []redis.Cmder) error {
		defer t.do(commands)
		return next(ctx, commands)
	}
}

// SetClock has flows kept by another clock. Redis goes by its own still.
func (s *Store) SetClock(now func() time.Time) { s.now = now }

// MostOpen is how many segments of a page an owner remembers.
const MostOpen = mostOpen

// Clock is the clock by which flows are kept.
func (s *Store) Clock() func() time.Time { return s.now }
