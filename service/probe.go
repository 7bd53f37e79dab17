package service

import (
	"context"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

const (
	// probeEvery is about how often Redis is asked whether it is there. Shards
	// with nothing to do don't ask, and readiness must not wait for them.
	probeEvery = time.Second
	// probeWithin bounds one question.
	probeWithin = 2 * time.Second
	// While it does not answer, the log says so again: after retellFirst, and
	// then after twice as long each time, up to retellMost.
	retellFirst = 5 * time.Second
	retellMost  = 5 * time.Minute
)

// probe tells health whether Redis answers, until ctx ends. Kafka needs no
// such thing: it is read from all the time.
func (s *Service) probe(ctx context.Context, ping func(context.Context) error) {
	var failing time.Time // since when; zero while Redis answers
	var told time.Time    // when that was last logged
	var retell time.Duration
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(probeEvery/2 + rand.N(probeEvery)):
		}
		err := pingWithin(ctx, probeWithin, ping)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.watch.Health().Fail(redisPart, "", reasonOf(err))
			now := time.Now()
			if failing.IsZero() {
				failing, retell = now, 0
			} else if now.Sub(told) < retell {
				continue
			}
			told, retell = now, min(max(2*retell, retellFirst), retellMost)
			s.log.Warn("redis does not answer, trying again", zap.Duration("for", now.Sub(failing).Round(time.Second)),
				zap.Duration("told_again_after", retell), zap.Error(err))
		case !failing.IsZero():
			s.watch.Health().Mend(redisPart, "")
			s.log.Info("redis answers again", zap.Duration("after", time.Since(failing)))
			failing = time.Time{}
		}
	}
}

func pingWithin(ctx context.Context, limit time.Duration, ping func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return ping(ctx)
}
