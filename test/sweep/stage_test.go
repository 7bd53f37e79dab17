package sweep

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/redis"
)

// stage is a Worker of all shards over stored profiles, with feeds.
type stage struct {
	tb       testing.TB
	client   *client.Client
	profiles int
	moulds   *moulds
	live     *pipeline.Live
	feeds    []*feed
	stop     func()

	mu     sync.Mutex
	sweeps [shards]pipeline.Sweep
	told   chan struct{} // closed and made anew whenever a shard tells of its sweep
	wrote  int           // profiles, since taken was last called
}

// newStage stores profiles under a rule set and begins to work.
func newStage(tb testing.TB, set *rules.Set, profiles int) *stage {
	tb.Helper()
	server := redis.Start(tb)
	cfg := sink.Default()
	cfg.Addresses = []string{server.Address}
	store, err := sink.New(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close() })
	if err := store.Init(tb.Context(), shards); err != nil {
		tb.Fatal(err)
	}
	s := &stage{
		tb: tb, client: server.Client(tb), profiles: profiles, moulds: cast(tb, set, min(mostMoulds, profiles/shards)),
		live: pipeline.NewLive(set), told: make(chan struct{}),
	}
	s.moulds.fill(tb, store, s.client, profiles)
	s.work(store)
	return s
}

func (s *stage) work(store *sink.Store) {
	for shard := range shards {
		s.feeds = append(s.feeds, newFeed(shard, s.profiles))
	}
	w := &pipeline.Worker{
		Config: pipeline.Default(), Rules: s.live, Store: store, Dead: refuse{}, Topic: "events",
		Owner: ownerOf, Wall: func() int64 { return 0 },
		Open: func(_ context.Context, shard int, _ int64, _ pipeline.Anchor) (pipeline.Source, error) {
			return s.feeds[shard], nil
		},
		Observer: pipeline.Observer{Committed: s.committed, Swept: s.swept},
	}
	ctx, cancel := context.WithCancel(s.tb.Context())
	group, ctx := errgroup.WithContext(ctx)
	for shard := range shards {
		group.Go(func() error { return w.Run(ctx, shard) })
	}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := group.Wait(); err != nil {
			s.tb.Errorf("Run: %v", err)
		}
	})
	s.tb.Cleanup(s.stop)
}

func (s *stage) committed(shard int, stats pipeline.BatchStats) {
	s.feeds[shard].meter.Committed(stats.Records)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote += stats.Profiles
}

func (s *stage) swept(shard int, sweep pipeline.Sweep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweeps[shard] = sweep
	close(s.told)
	s.told = make(chan struct{})
}

// play has every feed take its part of a rate.
func (s *stage) play(rate float64) {
	for _, f := range s.feeds {
		if rate > 0 {
			f.play(rate / shards)
		} else {
			f.play(rate)
		}
	}
}

// await waits until so many profiles were looked at for a generation, and
// returns the number.
func (s *stage) await(generation uint64, profiles int64) int64 {
	for {
		s.mu.Lock()
		looked, told := int64(0), s.told
		for _, sweep := range s.sweeps {
			if sweep.Generation == generation {
				looked += sweep.Looked
			}
		}
		s.mu.Unlock()
		if looked >= profiles {
			return looked
		}
		select {
		case <-told:
		case <-s.tb.Context().Done():
			s.tb.Fatal("the test has ended before the sweep")
		case <-time.After(10 * time.Minute):
			s.tb.Fatalf("only %d of %d profiles were looked at in ten minutes", looked, profiles)
		}
	}
}

// quieten stops the live events and waits until all are committed.
func (s *stage) quieten() {
	s.play(0)
	for _, f := range s.feeds {
		for f.meter.Waiting() > 0 {
			time.Sleep(poll)
		}
	}
}

// window returns what became of the live records since it was last called:
// how many were committed, and how long each waited, ascending.
func (s *stage) window() (int, []time.Duration) {
	records, waits := 0, []time.Duration{}
	for _, f := range s.feeds {
		n, more := f.meter.Take()
		records, waits = records+n, append(waits, more...)
	}
	slices.Sort(waits)
	return records, waits
}

// written returns how many profiles were written since it was last called.
func (s *stage) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.wrote
	s.wrote = 0
	return n
}

// refuse is a DeadLetters that must stay empty.
type refuse struct{}

// Write implements pipeline.DeadLetters.
func (refuse) Write(_ context.Context, letters []pipeline.DeadLetter) error {
	return errors.New("there is a dead letter: " + letters[0].Reason)
}
