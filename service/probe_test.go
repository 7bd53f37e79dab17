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

// Redis going away and coming back shows in readiness, and once in the log
// each, also while no shard asks it anything.
func TestProbeTellsWhetherRedisAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		s := New(config.Default(), nil, zap.New(core))
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
		if lines := logs.All(); len(lines) != 2 || lines[0].Level != zap.WarnLevel || lines[1].ContextMap()["after"].(time.Duration) < time.Hour {
			t.Errorf("logged %v", lines)
		}
	})
}
