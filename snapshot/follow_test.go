package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/snapshot"
	"muster/test/kit/generate"
	"muster/test/kit/redis"
	"muster/test/kit/ruleset"
)

// running is a deployment whose shards go on taking events.
type running struct {
	cfg     sink.Config
	store   *sink.Store
	set     *rules.Set
	drivers []*pipeline.Driver
	clock   int64
	offsets []int64
}

func run(t *testing.T) *running {
	t.Helper()
	r := &running{cfg: sink.Default(), clock: generate.Start, offsets: make([]int64, shards)}
	r.cfg.Addresses, r.cfg.Buckets, r.cfg.TrailMax = []string{redis.Start(t).Address}, 16, 1000
	r.set = ruleset.Compile(t, map[string]string{"adult": `traits.age > 18`, "active": `traits.active == true`})
	r.drivers = make([]*pipeline.Driver, shards)
	r.store = r.connect(t, r.cfg)
	if err := r.store.Init(t.Context(), shards); err != nil {
		t.Fatal(err)
	}
	for shard := range shards {
		r.own(t, shard, r.cfg)
	}
	return r
}

func (r *running) connect(t *testing.T, cfg sink.Config) *sink.Store {
	t.Helper()
	store, err := sink.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// own has a new owner open a shard.
func (r *running) own(t *testing.T, shard int, cfg sink.Config) {
	t.Helper()
	store := r.connect(t, cfg)
	state, err := store.Open(t.Context(), shard)
	if err != nil {
		t.Fatal(err)
	}
	r.drivers[shard] = pipeline.NewDriver(r.set, pipeline.Default(), state, pipeline.PortOf(store, shard))
}

// say has a customer say a trait, in a commit of its own.
func (r *running) say(t *testing.T, id, trait string, value event.Value) {
	t.Helper()
	r.clock += 1000
	e := event.Event{Type: event.Identify, Profile: id, Time: r.clock, Arrival: r.clock, Body: event.ObjectOf([]event.Value{event.StringOf(trait), value})}
	if _, err := r.drivers[owner(id)].Apply(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	r.commit(t, owner(id))
}

func (r *running) commit(t *testing.T, shard int) {
	t.Helper()
	r.offsets[shard]++
	if err := r.drivers[shard].Commit(t.Context(), r.offsets[shard]); err != nil {
		t.Fatal(err)
	}
}

// live has random customers do random things, and commits now and then.
func (r *running) live(t *testing.T, random *rand.Rand, customers []string, events int) {
	t.Helper()
	for range events {
		e := generate.Event(random, customers, r.clock)
		e.Arrival = max(e.Arrival, r.clock)
		r.clock = e.Arrival
		if _, err := r.drivers[owner(e.Profile)].Apply(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		if random.IntN(20) == 0 {
			r.commit(t, owner(e.Profile))
		}
	}
	for shard := range shards {
		r.commit(t, shard)
	}
}

// follow follows the deployment until the test ends.
func (r *running) follow(t *testing.T, memory int64) *snapshot.Follower {
	t.Helper()
	f := snapshot.NewFollower(r.connect(t, r.cfg), snapshot.Config{Memory: memory, Staleness: 20 * time.Millisecond}, func(err error) error { return err })
	f.Hurry()
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return f
}

// since waits for a snapshot that has all that was committed up to now.
func since(t *testing.T, f *snapshot.Follower) *snapshot.Fresh {
	t.Helper()
	begun := time.Now()
	for deadline := begun.Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if fresh := f.Current(); fresh != nil && fresh.AsOf.After(begun) {
			return fresh
		}
	}
	t.Fatal("no snapshot of after the commit comes in a minute")
	return nil
}

// members lists who has a rule, at most five.
func members(t *testing.T, s *snapshot.Snapshot, rule string) []string {
	t.Helper()
	a, _ := ask(t, s, ofRule(t, rule, nil))
	return slices.Sorted(slices.Values(a.Segments[0].Examples))
}

// TestASnapshotIsFollowed: what was committed before the instant that a snapshot
// tells is in it: a new customer, what a known one says, one who was erased, and
// time alone.
func TestASnapshotIsFollowed(t *testing.T) {
	r := run(t)
	r.say(t, "anna", "age", event.NumberOf(30))
	f := r.follow(t, 1<<30)
	const adults = `traits.age > 18`
	if got := members(t, since(t, f).Snapshot, adults); !slices.Equal(got, []string{"anna"}) {
		t.Fatalf("at first there are %v", got)
	}
	r.say(t, "ben", "age", event.NumberOf(20))
	r.say(t, "carl", "age", event.NumberOf(20))
	if got := members(t, since(t, f).Snapshot, adults); !slices.Equal(got, []string{"anna", "ben", "carl"}) {
		t.Errorf("then there are %v", got)
	}
	before := since(t, f)
	r.say(t, "anna", "age", event.NumberOf(3))
	erase := directive.Directive{Kind: directive.Erase, Run: "erase-20261127T100000Z-0a1b2c3d", Profile: "carl", Until: r.clock + 1}
	if refusal, err := r.drivers[owner("carl")].Direct(t.Context(), &erase, r.clock); err != nil || refusal != "" {
		t.Fatalf("erasing: %q, %v", refusal, err)
	}
	r.commit(t, owner("carl"))
	now := since(t, f)
	if got := members(t, now.Snapshot, adults); !slices.Equal(got, []string{"ben"}) || now.Held() != 2 || now.All() != 2 {
		t.Errorf("in the end there are %v of %d of %d", got, now.Held(), now.All())
	}
	if got := members(t, before.Snapshot, adults); len(got) != 3 {
		t.Errorf("a snapshot that was taken before has changed: %v", got)
	}
	if got := members(t, now.Snapshot, `profile.last_seen < ago("1h")`); len(got) != 0 {
		t.Errorf("%v were not seen for an hour", got)
	}
	for shard := range shards {
		if err := r.drivers[shard].Advance(t.Context(), r.clock+2*time.Hour.Milliseconds()); err != nil {
			t.Fatal(err)
		}
		r.commit(t, shard)
	}
	if got := members(t, since(t, f).Snapshot, `profile.last_seen < ago("1h")`); !slices.Equal(got, []string{"anna", "ben"}) {
		t.Errorf("two hours later %v were not seen for an hour", got)
	}
}

// sameAsFilled demands that a snapshot that was followed answers as one that is
// read anew, examples and their order included.
func sameAsFilled(t *testing.T, r *running, f *snapshot.Follower, memory int64) {
	t.Helper()
	followed := since(t, f)
	filled, err := snapshot.Fill(t.Context(), r.store, snapshot.Config{Memory: memory}, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	if followed.Held() != filled.Held() || followed.All() != filled.All() || followed.Bytes() != filled.Bytes() {
		t.Errorf("%d of %d profiles are held in %d bytes; read anew %d of %d in %d",
			followed.Held(), followed.All(), followed.Bytes(), filled.Held(), filled.All(), filled.Bytes())
	}
	for _, rule := range []string{`traits.age > 30`, `bucket("x") < 40`, `profile.first_seen > ago("1h")`, `traits.active == true`} {
		q := ofRule(t, rule, r.set).WithOverlap()
		got, _ := ask(t, followed.Snapshot, q)
		want, _ := ask(t, filled, q)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v; read anew %+v", rule, got, want)
		}
	}
}

// TestAFollowedSnapshotIsThatOfAFill over many commits, new owners, and owners
// that leave no trail for a while.
func TestAFollowedSnapshotIsThatOfAFill(t *testing.T) {
	r, random := run(t), rand.New(rand.NewPCG(19, 7))
	f := r.follow(t, 1<<30)
	untrailed := r.cfg
	untrailed.TrailMax = 0
	var customers []string
	for round := range 6 {
		for i := range 100 {
			customers = append(customers, fmt.Sprintf("customer-%d-%d", round, i))
		}
		r.live(t, random, customers, 500)
		sameAsFilled(t, r, f, 1<<30)
		r.own(t, round%shards, r.cfg)
	}
	if f.Touched.Load() == 0 || f.Rereads.Load() != 0 {
		t.Errorf("%d profiles were read again, and %d shards whole", f.Touched.Load(), f.Rereads.Load())
	}
	r.own(t, 1, untrailed)
	r.live(t, random, customers, 500)
	r.own(t, 1, r.cfg)
	sameAsFilled(t, r, f, 1<<30)
	if f.Rereads.Load() == 0 {
		t.Error("no shard was read whole")
	}
}

// TestAFollowedSampleStaysWithinItsMemory: with more profiles it holds a smaller
// part of them, the first in order.
func TestAFollowedSampleStaysWithinItsMemory(t *testing.T) {
	r, random := run(t), rand.New(rand.NewPCG(19, 8))
	const memory = 100 << 10
	f := r.follow(t, memory)
	var customers []string
	before := 1.1
	for round := range 4 {
		for i := range 400 {
			customers = append(customers, fmt.Sprintf("customer-%d-%d", round, i))
		}
		r.live(t, random, customers, 1500)
		since(t, f)
		now := since(t, f)
		rate := float64(now.Held()) / float64(now.All())
		if now.Bytes() > memory || now.Held() == 0 || rate > before {
			t.Errorf("round %d: %d of %d profiles are held in %d bytes", round, now.Held(), now.All(), now.Bytes())
		}
		before = rate
		var all int64
		for shard := range shards {
			n, err := r.store.CountProfiles(t.Context(), shard)
			if err != nil {
				t.Fatal(err)
			}
			all += n
		}
		if now.All() != all {
			t.Errorf("round %d: %d profiles are told, and there are %d", round, now.All(), all)
		}
	}
	if before > 0.9 {
		t.Errorf("nearly all are held, which proves little")
	}
}

// away can't tell of trails for a while.
type away struct {
	*sink.Store
	fail chan error
}

func (a *away) Trails(ctx context.Context, behind map[int]sink.TrailPlace) (map[int]sink.Trail, error) {
	select {
	case err := <-a.fail:
		return nil, err
	default:
		return a.Store.Trails(ctx, behind)
	}
}

// TestFollowingGoesOnBehindAFailure that whoever is told does not take for the
// end.
func TestFollowingGoesOnBehindAFailure(t *testing.T) {
	r := run(t)
	r.say(t, "anna", "age", event.NumberOf(30))
	source := &away{r.store, make(chan error, 2)}
	gone, end := errors.New("redis is away"), errors.New("this is the end")
	source.fail <- gone
	told := make(chan error, 2)
	f := snapshot.NewFollower(source, snapshot.Config{Memory: 1 << 30, Staleness: 10 * time.Millisecond}, func(err error) error {
		told <- err
		if errors.Is(err, end) {
			return err
		}
		return nil
	})
	ended := make(chan error, 1)
	go func() { ended <- f.Run(t.Context()) }()
	if got := members(t, since(t, f).Snapshot, `true`); !slices.Equal(got, []string{"anna"}) || !errors.Is(<-told, gone) {
		t.Errorf("%v are held", got)
	}
	source.fail <- end
	if err := <-ended; !errors.Is(err, end) {
		t.Errorf("it ends with %v", err)
	}
}
