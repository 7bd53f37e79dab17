package main

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

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
