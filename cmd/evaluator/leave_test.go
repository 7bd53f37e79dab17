package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"muster/config"
	"muster/credentials"
	"muster/sink"
)

// Only what may pass while the service runs is waited for.
func TestPassing(t *testing.T) {
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
	} {
		if passing(err) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}

func TestClock(t *testing.T) {
	s := newService(config.Default(), nil, zap.NewNop())
	if now := s.wall()(); now < 1_700_000_000_000 || now > time.Now().UnixMilli() {
		t.Errorf("clock: wall gives %d", now)
	}
	s.config.Clock = config.StreamClock
	if now := s.wall()(); now != 0 {
		t.Errorf("clock: stream gives %d", now)
	}
}

func TestPortInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cfg := config.Default()
	cfg.HTTP.Listen = listener.Addr().String()
	var input unusableError
	if err := newService(cfg, nil, zap.NewNop()).serve(t.Context(), nil, nil); !errors.As(err, &input) {
		t.Errorf("a port in use gives %v", err)
	}
}

// Work that does not end in time is left behind with a failure.
func TestLeavingHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		ctx, cancel := context.WithCancel(t.Context())
		stuck := make(chan struct{})
		defer close(stuck)
		time.AfterFunc(time.Hour, cancel)
		began := time.Now()
		err := within(ctx, func() {}, leaveWithin, zap.New(core), func() error { <-stuck; return nil })
		if err == nil || time.Since(began) != time.Hour+leaveWithin {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		lines := logs.All()
		if len(lines) != 2 || !strings.Contains(lines[1].Message, "took too long") {
			t.Errorf("logged %v", lines)
		}
	})
}

// What waiting can mend is tried again, ever more slowly, until it works.
func TestAwaitBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(config.Default(), nil, zap.NewNop())
		attempts, began := 0, time.Now()
		err := s.await(t.Context(), "redis", passing, func() error {
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
