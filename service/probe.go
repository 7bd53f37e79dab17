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
)

// probe tells health whether Redis answers, until ctx ends. Kafka needs no
// such thing: it is read from all the time.
func (s *Service) probe(ctx context.Context, ping func(context.Context) error) {
	var failing time.Time // since when; zero while Redis answers
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
			s.watch.Health().Fail(redisPart, "", err.Error())
			if failing.IsZero() {
				failing = time.Now()
				s.log.Warn("redis does not answer, trying again", zap.Error(err))
			}
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
