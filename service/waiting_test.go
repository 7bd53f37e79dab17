package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"muster/config"
	"muster/credentials"
	"muster/sink"
)

// answer is an error that Redis itself has answered with.
type answer string

// Error is the answer's text.
func (a answer) Error() string { return string(a) }

// RedisError marks it for go-redis.
func (answer) RedisError() {}

// Only what may pass while the service runs is waited for.
func TestWaitingMends(t *testing.T) {
	for err, want := range map[error]bool{
		&net.OpError{Op: "dial", Err: errors.New("connection refused")}: true,
		fmt.Errorf("reading: %w", io.EOF):                               true,
		context.DeadlineExceeded:                                        true,
		fmt.Errorf("checking: %w", sink.ErrMismatch):                    false,
		fmt.Errorf("checking: %w", sink.ErrEvicts):                      false,
		sink.ErrNotInitialised:                                          false,
		errors.New("WRONGPASS invalid username-password pair"):          true,
		&credentials.HandshakeError{Err: errors.New("expired")}:         true,
		&credentials.FileError{Err: errors.New("empty")}:                true,
		errors.New("ERR unknown command"):                               false,
		answer("LOADING Redis is loading the dataset in memory"):        true,
		answer("MOVED 3999 127.0.0.1:6381"):                             true,
		answer("NOREPLICAS Not enough good replicas to write."):         true,
	} {
		if waitingMends(err) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}

// What waiting can mend is tried again, ever more slowly, until it works.
func TestAwaitBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(config.Default(), nil, zap.NewNop())
		s.watch.Health().Ready(startPart)
		attempts, began := 0, time.Now()
		err := s.await(t.Context(), "redis", waitingMends, func() error {
			if attempts++; attempts < 8 {
				if attempts > 1 && len(s.watch.Health().Waiting()) != 1 {
					t.Error("ready while waiting")
				}
				return context.DeadlineExceeded
			}
			return nil
		})
		took := time.Since(began)
		if err != nil || attempts != 8 || took < 20*time.Second || took > 2*time.Minute || len(s.watch.Health().Waiting()) > 0 {
			t.Errorf("%v after %d attempts in %s, waiting for %v", err, attempts, took, s.watch.Health().Waiting())
		}
	})
}
