package sink_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// rig is a store behind a proxy, and one beside it that sees what landed.
type rig struct {
	*proxy
	server  *redis.Server
	worker  *worker
	beside  *sink.Store
	retried *atomic.Int64
}

func newRig(t *testing.T, change func(*sink.Config)) *rig {
	t.Helper()
	r := &rig{server: redis.Start(t), retried: &atomic.Int64{}}
	r.proxy = startProxy(t, r.server.Address)
	r.beside = open(t, config(r.server.Address))
	cfg := config(r.address)
	cfg.Observer.Retried = func(string, error) { r.retried.Add(1) }
	if change != nil {
		change(&cfg)
	}
	r.worker = start(t, connect(t, cfg), 0)
	r.worker.step(t)
	return r
}

func TestALostReplyIsLookedUp(t *testing.T) {
	for name, test := range map[string]struct {
		faults []fault
		execs  int
	}{
		"no fault":                            {nil, 1},
		"cut after the exec":                  {[]fault{cutAfter}, 1},
		"cut before the exec":                 {[]fault{cutBefore}, 2},
		"cut before twice, then after":        {[]fault{cutBefore, cutBefore, cutAfter}, 3},
		"no answer in time":                   {[]fault{stall}, 1},
		"late exec overtakes the retry":       {[]fault{hold, releaseFirst}, 2},
		"late exec overtakes the third retry": {[]fault{hold, cutBefore, releaseFirst}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(cfg *sink.Config) {
				if cfg.ReadTimeout = time.Minute; slices.Contains(test.faults, stall) {
					cfg.ReadTimeout = time.Second // passes
				}
			})
			r.script(test.faults...)
			r.worker.step(t)
			if got := r.sent(); got != test.execs {
				t.Errorf("%d EXECs sent, want %d", got, test.execs)
			}
			if got := r.retried.Load(); (got > 0) != (len(test.faults) > 0) {
				t.Errorf("%d retries after %d faults", got, len(test.faults))
			}
			r.worker.step(t)
			landed(t, r.beside, 0, 3)
		})
	}
}

func TestALateExecAfterTheRetryDoesNothing(t *testing.T) {
	r := newRig(t, nil)
	r.script(hold)
	r.worker.step(t)
	r.release()
	landed(t, r.beside, 0, 2)
}

func TestALateExecAfterANewOwnerDoesNothing(t *testing.T) {
	r := newRig(t, func(cfg *sink.Config) { cfg.RetryFor = 0 })
	r.script(hold)
	if err := r.worker.commit(t, r.worker.next()); !errors.Is(err, pipeline.ErrFenced) {
		t.Fatalf("commit returned %v, want ErrFenced", err)
	}
	start(t, r.beside, 0)
	r.release()
	landed(t, r.beside, 0, 1)
}

func TestAnOutcomeThatStaysUnknownIsFenced(t *testing.T) {
	r := newRig(t, func(cfg *sink.Config) { cfg.RetryFor = 100 * time.Millisecond })
	r.script(cutAfter)
	r.down.Store(true)
	err := r.worker.commit(t, r.worker.next())
	if !errors.Is(err, pipeline.ErrFenced) || !strings.Contains(err.Error(), "looking up the outcome") {
		t.Fatalf("commit returned %v, want ErrFenced for an outcome that can't be looked up", err)
	}
	r.down.Store(false)
	landed(t, r.beside, 0, 2)
}

func TestNothingIsAppliedWhenRedisIsAway(t *testing.T) {
	r := newRig(t, func(cfg *sink.Config) { cfg.RetryFor = 100 * time.Millisecond })
	c := r.worker.next()
	r.server.Kill(t)
	err := r.worker.commit(t, c)
	if err == nil || errors.Is(err, pipeline.ErrFenced) {
		t.Fatalf("commit returned %v, want an error other than ErrFenced", err)
	}
	// Pauses between attempts double from 5 ms on, and at least half of each is
	// waited for: however slow the machine is, no more of them fit.
	if n := r.retried.Load(); n > 4 {
		t.Errorf("tried again %d times, retry_for is 100ms", n)
	}
}

func TestACancelledCommitIsNotSent(t *testing.T) {
	r := newRig(t, nil)
	r.script()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := r.worker.store.Commit(ctx, 0, r.worker.next())
	if !errors.Is(err, context.Canceled) || errors.Is(err, pipeline.ErrFenced) {
		t.Fatalf("commit returned %v", err)
	}
	if r.sent() != 0 {
		t.Error("an EXEC was sent")
	}
	landed(t, r.beside, 0, 1)
}

func TestAFullRedisAppliesNothing(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	w := start(t, open(t, config(server.Address)), 0)
	w.step(t)
	before := redis.Dump(t, c)
	limit := func(bytes string) {
		if err := c.ConfigSet(t.Context(), "maxmemory", bytes).Err(); err != nil {
			t.Fatal(err)
		}
	}
	limit("1")
	err := w.commit(t, w.next())
	if err == nil || errors.Is(err, pipeline.ErrFenced) || !strings.Contains(err.Error(), "OOM") {
		t.Fatalf("commit returned %v, want Redis' own OOM error", err)
	}
	limit("0")
	if after := redis.Dump(t, c); !reflect.DeepEqual(before, after) {
		t.Fatalf("a refused commit changed\n%v\ninto\n%v", before, after)
	}
	w.step(t)
	landed(t, w.store, 0, 2)
}

func TestCommitsGoOnOverKillsOfRedis(t *testing.T) {
	server := redis.Start(t, "appendonly yes", "appendfsync always")
	progress := make(chan struct{}, 1)
	cfg := config(server.Address)
	cfg.Observer.Committed = func(sink.Committed) {
		select {
		case progress <- struct{}{}:
		default:
		}
	}
	w := start(t, open(t, cfg), 0)
	stop, failed, commits := make(chan struct{}), make(chan error, 1), 0
	go func() {
		defer close(failed)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := w.commit(t, w.next()); err != nil {
				failed <- err
				return
			}
			commits++
		}
	}()
	for range 3 {
		for range 20 {
			select {
			case <-progress:
			case err := <-failed:
				t.Fatal(err)
			}
		}
		server.Kill(t)
		server.Restart(t)
	}
	close(stop)
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	landed(t, w.store, 0, commits)
}
