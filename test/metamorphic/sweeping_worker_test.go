package metamorphic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// mortal is a Store whose owner dies at a commit, or loses the shard there.
// It names as few buckets at a time as it can.
type mortal struct {
	*memory.Store
	after     int  // commits that land in peace
	landed    bool // whether the owner dies after its commit, or before
	overtaken bool // whether it does not die, and another opens the shard
	stored    func(c *pipeline.Commit)
}

// Commit implements pipeline.Store.
func (m *mortal) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	m.after--
	ends := m.after == -1
	if ends && m.overtaken {
		if _, err := m.Share().Open(ctx, shard); err != nil {
			return err
		}
	} else if ends && !m.landed {
		return errKilled
	}
	if err := m.Store.Commit(ctx, shard, c); err != nil {
		return err
	}
	if m.stored(c); ends {
		return errKilled
	}
	return nil
}

// Scan implements pipeline.Scanner.
func (m *mortal) Scan(ctx context.Context, shard, bucket, _ int) ([]string, int, error) {
	return m.Store.Scan(ctx, shard, bucket, 1)
}

// endless is a tape behind whose last record there is nothing yet.
type endless struct{ tape }

// Fetch implements pipeline.Source.
func (s *endless) Fetch(ctx context.Context) (pipeline.Batch, error) {
	b, err := s.tape.Fetch(ctx)
	if errors.Is(err, errEnd) {
		b, err = pipeline.Batch{Next: s.next, High: s.next}, ctx.Err()
	}
	return b, err
}

// editions is a partition whose workers get other rules while they run.
type editions struct {
	t       *testing.T
	r       *rand.Rand
	log     []event.Event
	records []pipeline.Record
	store   *memory.Store
	live    *pipeline.Live
	pool    *generate.Pool
	texts   map[string]string
	left    int            // to be published
	ended   map[string]int // how many workers, by how
}

func newEditions(t *testing.T, seed uint64) *editions {
	r := rand.New(rand.NewPCG(seed, 10))
	e := &editions{t: t, r: r, store: memory.New(), pool: generate.NewPool(r, seed%2 == 0, steps...), left: 12}
	e.texts = e.pool.First(r)
	e.live = pipeline.NewLive(compileSegments(t, e.texts))
	var profiles []string
	for i := range 25 {
		profiles = append(profiles, fmt.Sprintf("p%02d", i))
	}
	clock := generate.Start
	for range 150 {
		ev := generate.Event(r, profiles, clock)
		clock = max(clock, ev.Arrival)
		e.log = append(e.log, ev)
	}
	e.records = apart(e.log...)
	return e
}

// run lets a worker work until it ends. It returns whether all is done.
func (e *editions) run() bool {
	e.t.Helper()
	ctx, cancel := context.WithCancel(e.t.Context())
	defer cancel()
	last, done := e.records[len(e.records)-1].Offset, false
	store := &mortal{Store: e.store.Share(), after: e.r.IntN(12), landed: e.r.IntN(2) == 0, overtaken: e.r.IntN(3) == 0}
	store.stored = func(c *pipeline.Commit) {
		if e.left > 0 && e.r.IntN(5) == 0 {
			e.left--
			e.texts = e.pool.Edit(e.r, e.texts, e.texts)
			e.live.Publish(compileSegments(e.t, e.texts))
		}
		if e.left == 0 && c.Next > last && c.Swept == c.Generation && c.Rules == e.live.Current().Set.Fingerprint() {
			done = true
			cancel()
		}
	}
	worker := newWorker(e.t, nil, store, nil, 0)
	worker.Rules, worker.Config.CacheBytes, worker.Config.IdleCheck = e.live, tinyCache, 0
	worker.Open = func(_ context.Context, _ int, offset int64, _ pipeline.Anchor) (pipeline.Source, error) {
		return &endless{tape{records: e.records, size: 1 + e.r.IntN(5), next: max(0, offset)}}, nil
	}
	err := worker.Run(ctx, 0)
	switch {
	case err == nil:
	case errors.Is(err, errKilled):
		e.ended["killed"]++
	case errors.Is(err, pipeline.ErrFenced):
		e.ended["displaced"]++
	default:
		e.t.Fatal(err)
	}
	return done
}

// check compares what is stored with the oracle of the last rules.
func (e *editions) check() {
	e.t.Helper()
	o, err := oracle.New(e.texts)
	if err != nil {
		e.t.Fatal(err)
	}
	for i := range e.log {
		o.Apply(&e.log[i])
	}
	state, err := e.store.Open(e.t.Context(), 0)
	if err != nil {
		e.t.Fatal(err)
	}
	outbox := e.store.Outbox(0)
	mustFollow(e.t, "at the end", outbox)
	if got, want := followed(outbox), (truth{o}).memberships(state.Clock); !reflect.DeepEqual(got, want) {
		e.t.Fatal(difference(got, want))
	}
	for id := range e.store.Sizes() {
		if _, is := e.texts[id]; !is {
			e.t.Errorf("segment %s is no more and has a size", id)
		}
	}
}

// Workers get other rules while they run, and die or lose the shard every few
// commits. What they leave is what the last rules say.
func TestWorkersSweepThroughDeaths(t *testing.T) {
	ended := map[string]int{}
	all := eachEdited(t, func(t *testing.T, seed uint64) {
		e := newEditions(t, seed)
		e.ended = ended
		for !e.run() {
		}
		e.check()
	})
	if all && (ended["killed"] == 0 || ended["displaced"] == 0) {
		t.Errorf("workers ended %v", ended)
	}
}
