package sink_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/sink"
	"muster/test/kit/redis"
)

// plan is a reshard to a topic that is named after the new layout.
func plan(t *testing.T, from string, before int, to string, after int) sink.Plan {
	return sink.Plan{From: from, To: to, Shards: after, Before: owner(t, before), After: owner(t, after)}
}

// reshard does all of it.
func reshard(t *testing.T, cfg sink.Config, p sink.Plan) sink.Weight {
	t.Helper()
	store := connect(t, cfg)
	r, err := store.Reshard(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	weight, err := r.Copy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Switch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return weight
}

// initialised returns a store of a new deployment.
func initialised(t *testing.T, cfg sink.Config, shards int) *sink.Store {
	t.Helper()
	store := connect(t, cfg)
	if err := store.Init(t.Context(), shards); err != nil {
		t.Fatal(err)
	}
	return store
}

// A deployment that is resharded twice, with other rules in between, holds
// at the end what one holds that never was.
func TestReshardedIsAsIfItHadAlwaysBeenSo(t *testing.T) {
	eachServer(t, func(t *testing.T, addresses []string, _ client.UniversalClient) {
		one, two := config(addresses...), config(addresses...)
		two.Prefix = "two"
		still, moving := initialised(t, one, 5), initialised(t, two, 8)
		h, first, second := historyOfTwo(t, 60, 24)
		ids := first.IDs()

		a, b := feeding(t, still, first, 5), feeding(t, moving, first, 8)
		both := func(n int) {
			events := h.events(n)
			a.apply(t, events)
			b.apply(t, events)
		}
		both(1500)
		// Other rules, at one instant of stream time. Only some shards have
		// seen them when it is resharded.
		a.advance(t, h.clock)
		b.advance(t, h.clock)
		a, b = feeding(t, still, second, 5), feeding(t, moving, second, 8)
		both(6)
		weight := reshard(t, two, plan(t, "t8", 8, "t3", 3))
		if weight.Profiles != 60 || weight.Recounts != 0 || weight.Timers == 0 || weight.Members == 0 || weight.Outbox == 0 {
			t.Errorf("moved %+v", weight)
		}
		moving = connect(t, two)
		b = feeding(t, moving, second, 3)
		both(700)
		if _, err := moving.DropOld(t.Context(), func(sink.Progress) {}); err != nil {
			t.Fatal(err)
		}
		reshard(t, two, plan(t, "t3", 3, "t8b", 8))
		moving = connect(t, two)
		b = feeding(t, moving, second, 8)
		h.clock += 3600_000
		a.advance(t, h.clock)
		b.advance(t, h.clock)
		both(700)
		h.clock += 40 * 86400_000
		a.advance(t, h.clock)
		b.advance(t, h.clock)
		compareHeld(t, holding(t, moving, ids, 8), holding(t, still, ids, 5))
	})
}

// historyOfTwo returns the first history whose second rules look no further
// back into any series than its first. Those that do begin with what is still
// kept (docs/rules.md, "Bounds"), which depends on when profiles were last
// written, and so on the shards.
func historyOfTwo(t *testing.T, profiles, segments int) (h *history, first, second *rules.Set) {
	t.Helper()
	for seed := uint64(1); ; seed++ {
		h = newHistory(seed, profiles)
		first, second = h.rules(t, segments), h.rules(t, segments)
		if !widens(first.Schema(), second.Schema()) {
			return h, first, second
		}
	}
}

// widens reports whether a schema keeps more of a series than the one before.
func widens(before, after *profile.Schema) bool {
	kept := map[string]profile.Series{}
	for _, s := range before.Series {
		kept[s.Key] = s
	}
	return slices.ContainsFunc(after.Series, func(s profile.Series) bool {
		was, known := kept[s.Key]
		return known && (s.Window > was.Window || was.Newest != 0 && (s.Newest == 0 || s.Newest > was.Newest))
	})
}

func compareHeld(t *testing.T, got, want held) {
	t.Helper()
	changes := 0
	for id, list := range want.Changes {
		changes += len(list)
		for i, c := range got.Changes[id] {
			if i >= len(list) || c != list[i] || c.Version != uint64(i+1) {
				t.Errorf("change %d of %s is %+v, want %+v", i, id, c, list[min(i, len(list)-1)])
				break
			}
		}
		if len(got.Changes[id]) != len(list) {
			t.Errorf("%s has %d changes, want %d", id, len(got.Changes[id]), len(list))
		}
	}
	for what, pair := range map[string][2]any{
		"members": {got.Members, want.Members}, "sizes": {got.Sizes, want.Sizes}, "timers": {got.Timers, want.Timers},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s are\n%v\nwant\n%v", what, pair[0], pair[1])
		}
	}
	if changes == 0 || len(want.Members) == 0 || len(want.Sizes) == 0 {
		t.Errorf("nothing was compared: %d changes, %d segments with members", changes, len(want.Members))
	}
}

// populated is a deployment of 5 shards with something of everything.
func populated(t *testing.T, cfg sink.Config) {
	t.Helper()
	store := initialised(t, cfg, 5)
	h := newHistory(2, 150)
	f := feeding(t, store, h.rules(t, 16), 5)
	f.apply(t, h.events(1200))
}

// made is what a reshard makes: all keys of the second layout, and the
// deployment's own. Epochs are drawn, and those of the old shards left out.
func made(t *testing.T, c client.UniversalClient) map[string]string {
	t.Helper()
	dump := redis.Dump(t, c)
	maps.DeleteFunc(dump, func(key, _ string) bool { return !strings.HasPrefix(key, "m:2:") && key != "m:cluster" })
	return dump
}

// Wherever a reshard is stopped, doing it again leads to the very same; and
// so does giving it up and beginning anew.
func TestReshardGoesOnWhereItWasStopped(t *testing.T) {
	eachServer(t, func(t *testing.T, addresses []string, c client.UniversalClient) {
		cfg := config(addresses...)
		cfg.Buckets = 140 // more than are copied between two checkpoints
		populated(t, cfg)
		reshardUntil(t, cfg, 1<<30)
		want := made(t, c)
		if len(want) < 20 {
			t.Fatalf("only %d keys were made", len(want))
		}
		stops, switched := 0, false
		for ; !switched; stops++ {
			abandon(t, cfg)
			if left := made(t, c); len(left) != 1 {
				t.Fatalf("giving up leaves %d keys", len(left))
			}
			switched = reshardUntil(t, cfg, stops)
			if reshardUntil(t, cfg, 1<<30); !reflect.DeepEqual(made(t, c), want) {
				t.Fatalf("stopped after %d steps and done again, it comes to something else", stops)
			}
		}
		if stops < 20 {
			t.Errorf("only %d steps were tried", stops)
		}
	})
}

// reshardUntil copies, but does not switch, and is stopped after a number of
// steps. It reports whether it came to its end.
func reshardUntil(t *testing.T, cfg sink.Config, steps int) bool {
	t.Helper()
	_, ended := copyUntil(t, cfg, plan(t, "t5", 5, "t7", 7), func(sink.Progress) bool {
		steps--
		return steps < 0
	})
	return ended
}

// copyUntil copies, but does not switch, and is stopped where it tells of a
// progress that stopped knows. It reports whether it came to its end.
func copyUntil(t *testing.T, cfg sink.Config, p sink.Plan, stopped func(sink.Progress) bool) (r *sink.Reshard, ended bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p.Progress = func(at sink.Progress) {
		if stopped(at) {
			stop()
		}
	}
	r, err := connect(t, cfg).Reshard(t.Context(), p)
	if err == nil {
		_, err = r.Seal(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err = r.Copy(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return r, err == nil
}

func abandon(t *testing.T, cfg sink.Config) {
	t.Helper()
	if _, err := connect(t, cfg).Abandon(t.Context(), func(sink.Progress) {}); err != nil {
		t.Fatal(err)
	}
}

// loseTimer takes a timer from the first of the new shards that has one.
func loseTimer(t *testing.T, c client.UniversalClient, shards int) {
	t.Helper()
	for shard := range shards {
		if lost := c.ZPopMin(t.Context(), fmt.Sprintf("m:2:{s%d}:timers", shard)).Val(); len(lost) > 0 {
			return
		}
	}
	t.Fatal("no shard has a timer")
}

// A server that loses a write while it is going on makes it fail, and the
// next run mends it.
func TestReshardSeesLostWrites(t *testing.T) {
	server := redis.Start(t)
	cfg, c := config(server.Address), server.Client(t)
	populated(t, cfg)
	reshardUntil(t, cfg, 1<<30)
	want := made(t, c)
	for name, lose := range map[string]func(){
		"a profile":               func() { loseOne(t, c, "m:2:{s3}:p:", func(key, id string) { c.HDel(t.Context(), key, id) }) },
		"a tail":                  func() { loseOne(t, c, "m:2:{s3}:t:", func(key, id string) { c.HDel(t.Context(), key, id) }) },
		"a timer":                 func() { loseTimer(t, c, 7) },
		"a member":                func() { loseOne(t, c, "m:2:{s3}:seg:", func(key, _ string) { c.SPop(t.Context(), key) }) },
		"an entry of the catalog": func() { c.HDel(t.Context(), "m:2:{s3}:catalog", c.HKeys(t.Context(), "m:2:{s3}:catalog").Val()[0]) },
		"outbox":                  func() { c.XTrimMaxLen(t.Context(), "m:2:{s3}:out", 3) },
	} {
		t.Run(name, func(t *testing.T) {
			abandon(t, cfg)
			p := plan(t, "t5", 5, "t7", 7)
			p.Progress = func(at sink.Progress) {
				if at.Step == "check" && at.Done == 0 {
					lose()
				}
			}
			r, err := connect(t, cfg).Reshard(t.Context(), p)
			if err == nil {
				_, err = r.Seal(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err = r.Copy(t.Context()); err == nil || !strings.Contains(err.Error(), "run it again") {
				t.Fatalf("got %v", err)
			}
			if reshardUntil(t, cfg, 1<<30); !reflect.DeepEqual(made(t, c), want) {
				t.Error("the run after it comes to something else")
			}
		})
	}
}

func loseOne(t *testing.T, c client.UniversalClient, prefix string, lose func(key, field string)) {
	t.Helper()
	for key := range redis.Dump(t, c) {
		if strings.HasPrefix(key, prefix) {
			var field string
			if strings.Contains(prefix, ":p:") || strings.Contains(prefix, ":t:") {
				field = c.HKeys(t.Context(), key).Val()[0]
			}
			lose(key, field)
			return
		}
	}
	t.Fatalf("there is no key %s", prefix)
}

// From the seal on nobody commits to an old shard, nor opens one.
func TestASealedShardHasNoOwner(t *testing.T) {
	cfg := config(redis.Start(t).Address)
	store := initialised(t, cfg, 3)
	owner := start(t, store, 1)
	owner.step(t)
	r, err := connect(t, cfg).Reshard(t.Context(), plan(t, "old", 3, "new", 2))
	if err != nil {
		t.Fatal(err)
	}
	offsets, err := r.Seal(t.Context())
	if err != nil || fmt.Sprint(offsets) != "[-1 1 -1]" {
		t.Fatalf("offsets %v, %v", offsets, err)
	}
	if err := owner.commit(t, owner.next()); !errors.Is(err, pipeline.ErrFenced) {
		t.Errorf("committing: %v", err)
	}
	_, err = store.Open(t.Context(), 1)
	var fatal interface{ Fatal() bool }
	if !errors.Is(err, sink.ErrSealed) || !errors.As(err, &fatal) || !strings.Contains(err.Error(), "2 shards on topic new") {
		t.Errorf("opening: %v", err)
	}
	refusedBy(t, store.Check(t.Context(), 3), "reshard --abandon")
	abandon(t, cfg)
	if err := store.Check(t.Context(), 3); err != nil {
		t.Errorf("after giving up: %v", err)
	}
	if err := owner.open(t); err != nil {
		t.Fatal(err)
	}
	owner.step(t)
	landed(t, store, 1, 2)
}

func refusedBy(t *testing.T, err error, says string) {
	t.Helper()
	if !errors.Is(err, sink.ErrMismatch) || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want ErrMismatch saying %q", err, says)
	}
}

// Whoever comes with the configuration of before is refused, also where the
// number of partitions is right.
func TestAnOldConfigurationIsRefused(t *testing.T) {
	cfg := config(redis.Start(t).Address)
	before := initialised(t, cfg, 3)
	if err := before.CheckTopic(t.Context(), "anything"); err != nil {
		t.Errorf("a deployment that was never resharded: %v", err)
	}
	reshard(t, cfg, plan(t, "three", 3, "two", 2))
	refusedBy(t, before.Check(t.Context(), 2), "start it again")
	if _, err := before.Sizes(t.Context()); !errors.Is(err, sink.ErrMismatch) {
		t.Errorf("sizes of a store of before: %v", err)
	}
	after := connect(t, cfg)
	refusedBy(t, after.Check(t.Context(), 3), "2 shards")
	refusedBy(t, after.CheckTopic(t.Context(), "three"), "kafka.keyed: two")
	if err := errors.Join(after.Check(t.Context(), 2), after.CheckTopic(t.Context(), "two")); err != nil {
		t.Error(err)
	}
	_, err := after.Reshard(t.Context(), plan(t, "two", 2, "three-again", 3))
	refusedBy(t, err, "--drop-old")
	dropped, err := after.DropOld(t.Context(), func(sink.Progress) {})
	if err != nil || dropped != (sink.Layout{Number: 1, Shards: 3, Topic: "three"}) {
		t.Errorf("dropped %v, %v", dropped, err)
	}
	if _, err := before.Open(t.Context(), 0); !errors.Is(err, sink.ErrSealed) {
		t.Errorf("a shard that is no more opens with %v", err)
	}
	reshard(t, cfg, plan(t, "two", 2, "three-again", 3))
	last := connect(t, cfg)
	refusedBy(t, last.CheckTopic(t.Context(), "three"), "kafka.keyed: three-again")
	if _, err := last.Abandon(t.Context(), func(sink.Progress) {}); !errors.Is(err, sink.ErrNothing) {
		t.Errorf("giving up what is done: %v", err)
	}
}

func TestPlansThatAreRefused(t *testing.T) {
	cfg := config(redis.Start(t).Address)
	store := initialised(t, cfg, 3)
	none := plan(t, "old", 3, "new", 1)
	none.Shards = 0
	for says, p := range map[string]sink.Plan{"0 shards": none, "another topic": plan(t, "old", 3, "old", 2)} {
		if _, err := store.Reshard(t.Context(), p); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want one saying %q", err, says)
		}
	}
	if _, err := store.Reshard(t.Context(), plan(t, "old", 3, "new", 2)); err != nil {
		t.Fatal(err)
	}
	_, err := store.Reshard(t.Context(), plan(t, "old", 3, "new", 4))
	refusedBy(t, err, "2 shards on topic new")
}

// A profile in a shard where the partitioner would not have put it says that
// the partitioner is not the one of before.
func TestReshardWithAnotherPartitionerIsRefused(t *testing.T) {
	cfg := config(redis.Start(t).Address)
	populated(t, cfg)
	p := plan(t, "t5", 5, "t7", 7)
	p.Before = func(string) int { return 0 }
	r, err := connect(t, cfg).Reshard(t.Context(), p)
	if err == nil {
		_, err = r.Seal(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Copy(t.Context()); err == nil || !strings.Contains(err.Error(), "kafka.partitioner") {
		t.Errorf("got %v", err)
	}
}

// What was passed over stays on record, and nothing of the old layout is left.
func TestDropOldLeavesNothing(t *testing.T) {
	server := redis.Start(t)
	cfg, c := config(server.Address), server.Client(t)
	populated(t, cfg)
	c.RPush(t.Context(), "m:{s1}:gaps", "3 9", "20 21")
	reshard(t, cfg, plan(t, "t5", 5, "t7", 7))
	store := connect(t, cfg)
	if _, err := store.DropOld(t.Context(), func(sink.Progress) {}); err != nil {
		t.Fatal(err)
	}
	for key := range redis.Dump(t, c) {
		if strings.HasPrefix(key, "m:{s") {
			t.Errorf("%s is left", key)
		}
	}
	got := c.HGetAll(t.Context(), "m:cluster").Val()
	want := map[string]string{
		"shards": "7", "buckets": "64", "schema": "1", "layout": "2", "topic": "t7", "gap t5/1 1": "3 9", "gap t5/1 2": "20 21",
	}
	if !maps.Equal(got, want) {
		t.Errorf("the deployment is %v, want %v", got, want)
	}
}

// eachServer runs a test on a single Redis, and in real mode on a Redis
// Cluster too.
func eachServer(t *testing.T, test func(t *testing.T, addresses []string, c client.UniversalClient)) {
	t.Run("single", func(t *testing.T) {
		server := redis.Start(t)
		test(t, []string{server.Address}, server.Client(t))
	})
	t.Run("cluster", func(t *testing.T) {
		needCluster(t)
		cluster := redis.StartCluster(t, 3, 0)
		test(t, cluster.Addresses, cluster.Client(t))
	})
}
