package service

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"muster/config"
	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/stream"
	"muster/test/kit/kafka"
	"muster/test/kit/redis"
)

const (
	leakShards = 2
	leakRounds = 25 // each takes partitions away twice and fences every shard
	leakSlack  = 8  // goroutines or connections that may come and go; a leak has one a round at least
)

// Whoever loses its shards fifty times, and is fenced fifty times, has as
// many goroutines and connections as after the first time; who leaves, none.
func TestNothingIsLeftBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; runs without -short (make test)")
	}
	l := newLeakRig(t)
	idle := l.count(t)
	stop := l.start(t)
	l.round(t)
	first := l.count(t)
	for range leakRounds {
		l.round(t)
	}
	l.await(t, "as little as after one round", func() error { return l.count(t).within(first, leakSlack) })
	stop()
	l.await(t, "nothing of the service", func() error { return l.count(t).within(idle, 0) })
}

// leakRig is a service, and others that take its shards away.
type leakRig struct {
	config   config.Config
	server   *redis.Server
	intruder *sink.Store
	service  *Service // that was started last

	mu     sync.Mutex
	held   map[int]bool // shards that the service has open
	fenced int
}

func newLeakRig(t *testing.T) *leakRig {
	t.Helper()
	l := &leakRig{config: config.Default(), server: redis.Start(t), held: map[int]bool{}}
	k, r := &l.config.Kafka, &l.config.Redis
	k.Brokers, k.SessionTimeout, k.HeartbeatInterval, k.PollWait = kafka.StartFakeFor(t).Addresses(), 3*time.Second, 50*time.Millisecond, 50*time.Millisecond
	r.Addresses, r.Buckets = []string{l.server.Address}, 16
	l.config.Pipeline.IdleCheck, l.config.Pipeline.CommitTimeout = 100*time.Millisecond, time.Second
	if _, err := Prepare(t.Context(), l.config, Preparation{Shards: leakShards, Replication: 1}); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.intruder, err = sink.New(t.Context(), *r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.intruder.Close() })
	return l
}

// start runs the service until the returned func is called.
func (l *leakRig) start(t *testing.T) (stop func()) {
	t.Helper()
	set, err := rules.Compile([]rules.Segment{rules.NewSegment("seen", `count(events("*")) > 0`)})
	if err != nil {
		t.Fatal(err)
	}
	s := New(l.config, set, zap.NewNop())
	l.service = s
	s.Own = func(w *pipeline.Worker) Owner {
		w.Observer = pipeline.Observer{
			Opened: func(shard int, _ pipeline.State) { l.note(func() { l.held[shard] = true }) },
			Left:   func(shard int, _ error) { l.note(func() { delete(l.held, shard) }) },
			Fenced: func(int, error) { l.note(func() { l.fenced++ }) },
		}
		return w.Run
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	l.awaitHeld(t, leakShards)
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func (l *leakRig) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// round has another member take one shard and give it back, and then somebody
// open all shards who should not.
func (l *leakRig) round(t *testing.T) {
	t.Helper()
	other, err := stream.Connect(l.config.Kafka, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- other.Group().Run(ctx, func(ctx context.Context, _ int) error { <-ctx.Done(); return nil })
	}()
	l.awaitHeld(t, leakShards-1)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	l.awaitHeld(t, leakShards)
	var before int
	l.note(func() { before = l.fenced })
	for shard := range leakShards {
		if _, err := l.intruder.Open(t.Context(), shard); err != nil {
			t.Fatal(err)
		}
	}
	l.await(t, "every shard to be fenced", func() (err error) {
		l.note(func() {
			if l.fenced < before+leakShards {
				err = fmt.Errorf("%d times", l.fenced-before)
			}
		})
		return err
	})
	l.awaitHeld(t, leakShards)
}

func (l *leakRig) awaitHeld(t *testing.T, shards int) {
	t.Helper()
	l.await(t, fmt.Sprintf("the service to hold %d shards", shards), func() (err error) {
		l.note(func() {
			if len(l.held) != shards {
				err = fmt.Errorf("it holds %v", maps.Clone(l.held))
			}
		})
		return err
	})
}

// await asks until done says nil, for five minutes.
func (l *leakRig) await(t *testing.T, what string, done func() error) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(5 * time.Minute); ; <-tick.C {
		err := done()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s: %v", what, err)
		}
	}
}

// usage is what a service could leave behind. The fake broker is part of the
// process, so connections to it count as goroutines.
type usage struct{ goroutines, connections int }

func (l *leakRig) count(t *testing.T) usage {
	t.Helper()
	looker := l.server.Client(t)
	defer looker.Close()
	list, err := looker.ClientList(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return usage{runtime.NumGoroutine(), strings.Count(list, "\n")}
}

func (u usage) within(base usage, slack int) error {
	if u.goroutines > base.goroutines+slack || u.connections > base.connections+slack {
		return fmt.Errorf("%+v, first %+v", u, base)
	}
	return nil
}
