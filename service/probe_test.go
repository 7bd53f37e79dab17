package service

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"muster/config"
	"muster/observe"
)

// Redis going away and coming back shows in readiness and in the log, where
// it is told again ever more rarely, also while no shard asks it anything.
func TestProbeTellsWhetherRedisAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		s := New(config.Default(), nil, zap.New(core))
		s.watch.Health().Ready(startPart)
		answer := error(nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.probe(ctx, func(ctx context.Context) error {
				if _, bounded := ctx.Deadline(); !bounded {
					t.Error("a question without bound")
				}
				return answer
			})
		}()
		expect := func(part string) {
			t.Helper()
			if got := strings.Join(s.watch.Health().Waiting(), "\n"); !strings.HasPrefix(got, part) || part == "" && got != "" {
				t.Errorf("it waits for %q, want %q", got, part)
			}
		}
		time.Sleep(time.Minute)
		expect("")
		answer = errors.New("connection refused")
		time.Sleep(observe.Patience + 2*probeEvery)
		expect("redis: connection refused")
		time.Sleep(time.Hour)
		answer = nil
		time.Sleep(2 * probeEvery)
		expect("redis: works again")
		time.Sleep(observe.Patience)
		expect("")
		cancel()
		<-ended
		lines := logs.All()
		// 5, 10, 20, 40, 80 and 160 s apart make 315 s; of the rest of the hour each 5 minutes are told.
		if len(lines) < 16 || len(lines) > 20 {
			t.Fatalf("%d lines: %v", len(lines), lines)
		}
		last := len(lines) - 1
		for i := range lines[:last] {
			if lines[i].Level != zap.WarnLevel || i > 1 && lines[i].Time.Sub(lines[i-1].Time) < lines[i-1].Time.Sub(lines[i-2].Time)-2*probeEvery {
				t.Errorf("line %d is %v", i, lines[i])
			}
		}
		if lines[last].ContextMap()["after"].(time.Duration) < time.Hour {
			t.Errorf("at the end it says %v", lines[last])
		}
	})
}
