package sink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
)

// The bound of the pause between attempts doubles from the first to the longest, and
// each pause is at random from 0 to it, so that many shards don't come back at the same
// instant.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

// retry repeats an operation that may be repeated until it succeeds, fails
// for good, or Config.RetryFor has passed. It returns the last error, and
// with it what to do when Redis does not let this program in.
func (s *Store) retry(ctx context.Context, operation string, attempt func(context.Context) error) error {
	deadline := time.Now().Add(s.cfg.RetryFor)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := s.cfg.explain(attempt(ctx))
		if err == nil || !temporary(err) || ctx.Err() != nil || time.Now().Add(pause).After(deadline) {
			return err
		}
		s.cfg.Observer.retried(operation, err)
		s.lookAround(ctx, err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(pause + 1)):
		}
	}
}

// lookAround has the next attempt ask who the master is now.
func (s *Store) lookAround(ctx context.Context, err error) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		cluster.ReloadState(ctx) // the shard may have moved to a replica
	} else if isReadOnly(err) {
		s.lines.drop()
	}
}

// temporary reports whether trying again can help: the connection broke, or
// Redis asked for patience. Whatever else Redis says, it says again.
func temporary(err error) bool {
	var own finalError
	if errors.As(err, &own) || errors.Is(err, redis.ErrClosed) || NeedsOperator(err) {
		return false
	}
	return !answered(err) || IsTransient(err)
}

// finalError is what this package itself found wrong. Trying again would find
// it again.
type finalError struct{ error }

// Unwrap returns the finding.
func (e finalError) Unwrap() error { return e.error }

func final(format string, arguments ...any) error {
	return finalError{fmt.Errorf(format, arguments...)}
}

// answered reports whether the error is Redis' own answer, rather than that
// of the connection.
func answered(err error) bool {
	var own redis.Error
	return errors.As(err, &own)
}

// IsFinal reports whether an error is about what Redis holds: reading it again
// would find it again.
func IsFinal(err error) bool {
	var own finalError
	return errors.As(err, &own)
}
