package service

import (
	"context"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"muster/credentials"
	"muster/observe"
)

// The wait between attempts to reach Kafka or Redis doubles from the first
// to the longest.
const (
	firstWait   = 500 * time.Millisecond
	longestWait = 15 * time.Second
)

// await attempts something until it succeeds, fails with what waiting does
// not mend, or ctx ends. Meanwhile the process is alive and not ready.
func (s *Service) await(ctx context.Context, part string, mends func(error) bool, attempt func() error) error {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		err := attempt()
		if err == nil {
			s.watch.Health().Ready(part)
			return nil
		}
		if ctx.Err() != nil || !mends(err) {
			return err
		}
		s.watch.Health().Wait(part, reasonOf(err))
		s.log.Warn("waiting for "+part, zap.Error(err), zap.Duration("next_attempt", wait))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

// reasonOf is the text of an error, or what it comes down to.
func reasonOf(err error) string {
	if lead := credentials.Lead(err); lead != "" {
		return lead
	}
	return err.Error()
}

// keep runs a member of a consumer group. It ends early only when Kafka
// can't be reached or lacks a topic; both may be mended, so it is started
// again. Until the group has assigned it something, the process is not ready.
func (s *Service) keep(ctx context.Context, group string, run func() error) error {
	part := observe.GroupPart(group)
	s.watch.Health().Wait(part, "not joined yet")
	return s.await(ctx, part, func(error) bool { return true }, run)
}

// endedBy forgives an error that came after ctx had ended.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
