package sink_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

const chronicleKeep = 48 * time.Hour

// keeping is a configuration with a chronicle.
func keeping(addresses ...string) sink.Config {
	cfg := config(addresses...)
	cfg.ChronicleKeep = chronicleKeep
	return cfg
}

// commitChanges commits changes of profiles at an instant, the clock.
func commitChanges(t *testing.T, w *worker, at int64, profiles ...string) {
	t.Helper()
	c := w.next()
	c.Clock, c.Changes, c.Profiles, c.NewNames, c.Catalog = at, nil, nil, nil, nil
	for _, id := range profiles {
		c.Changes = append(c.Changes, pipeline.Change{
			Segment: "vip", Profile: id, Entered: true, At: at, Version: uint64(c.Next), Cause: pipeline.CauseEvent,
		})
	}
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
}

// chronicled returns all that the chronicle of a shard has of two days before
// now and after, as "profile version".
func chronicled(t *testing.T, store *sink.Store, shard int) (all []string) {
	t.Helper()
	day := today()
	for part := range sink.ChronicleParts {
		err := store.Chronicled(t.Context(), shard, part, day-2, day+2, func(c *pipeline.Change) error {
			all = append(all, fmt.Sprintf("%s %d", c.Profile, c.Version))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	return all
}

func tellsOf(t *testing.T, store *sink.Store, shard int) sink.Chronicle {
	t.Helper()
	c, err := store.Chronicle(t.Context(), shard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Without the setting nothing is written, and every list that is written goes
// by itself.
func TestAChronicleIsKeptAsLongAsAskedFor(t *testing.T) {
	server := redis.Start(t)
	c := server.Client(t)
	now := time.Now().UnixMilli()
	commitChanges(t, start(t, open(t, config(server.Address)), 3), now, "ann")
	if keys := c.Keys(t.Context(), "*chron*").Val(); len(keys) > 0 || c.HExists(t.Context(), "m:{s3}:meta", "chronicle").Val() {
		t.Errorf("without the setting there are %q", keys)
	}
	store := open(t, keeping(server.Address))
	w := start(t, store, 3)
	for range 3 {
		commitChanges(t, w, now, "ann", "ben", "eve")
	}
	commitChanges(t, w, now-50*time.Hour.Milliseconds()-86_400_000, "old") // is not kept any more
	keys := c.Keys(t.Context(), "*chron*").Val()
	if len(keys) != 3 {
		t.Errorf("there are %q", keys)
	}
	for _, key := range keys {
		left := c.TTL(t.Context(), key).Val()
		if left < chronicleKeep || left > chronicleKeep+26*time.Hour {
			t.Errorf("%s expires in %s", key, left)
		}
	}
	want := []string{"ann 2", "ann 3", "ann 4", "ben 2", "ben 3", "ben 4", "eve 2", "eve 3", "eve 4"}
	if got := chronicled(t, store, 3); !slices.Equal(got, want) {
		t.Errorf("kept are %q", got)
	}
}

// A chronicle that was off for some changes, or that an older version has not
// written, begins anew; one that is kept longer from now on does not claim what
// has expired.
func TestAChronicleSaysSinceWhenItIsWhole(t *testing.T) {
	server := redis.Start(t)
	on := open(t, keeping(server.Address))
	now := time.Now().UnixMilli()
	if got := tellsOf(t, on, 3); !got.Whole || got.Since != 0 || got.Keep != 0 {
		t.Errorf("a new shard tells %+v", got)
	}
	commitChanges(t, start(t, on, 3), now, "ann")
	commitChanges(t, start(t, on, 3), now+10, "ann") // a new owner goes on with it
	if got := tellsOf(t, on, 3); !got.Whole || got.Since != 0 || got.Keep != chronicleKeep.Milliseconds() {
		t.Errorf("a chronicle from the beginning tells %+v", got)
	}
	commitChanges(t, start(t, open(t, config(server.Address)), 3), now+20, "ann")
	if got := tellsOf(t, on, 3); got.Whole {
		t.Errorf("one that lacks a change tells %+v", got)
	}
	commitChanges(t, start(t, on, 3), now+30, "ann")
	if got := tellsOf(t, on, 3); !got.Whole || got.Since != now+20 {
		t.Errorf("one that began anew at %d tells %+v", now+20, got)
	}
	longer := keeping(server.Address)
	longer.ChronicleKeep = 96 * time.Hour
	commitChanges(t, start(t, open(t, longer), 4), now, "ann")
	commitChanges(t, start(t, on, 4), now, "ann")
	commitChanges(t, start(t, open(t, longer), 4), now, "ann")
	got := tellsOf(t, on, 4)
	if late := got.Since - (now - chronicleKeep.Milliseconds()); !got.Whole || late < 0 || late > 600_000 || got.Keep != longer.ChronicleKeep.Milliseconds() {
		t.Errorf("one that is kept longer tells %+v", got)
	}
}

// A commit whose reply is lost is in the chronicle once.
func TestALostReplyIsInTheChronicleOnce(t *testing.T) {
	for name, faults := range map[string][]fault{"cut after": {cutAfter}, "cut before": {cutBefore}, "overtaken": {hold, releaseFirst}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(cfg *sink.Config) { cfg.ChronicleKeep, cfg.ReadTimeout = chronicleKeep, time.Minute })
			r.script(faults...)
			c := r.worker.next()
			c.Changes[0].At, c.Clock = time.Now().UnixMilli(), time.Now().UnixMilli()
			if err := r.worker.commit(t, c); err != nil {
				t.Fatal(err)
			}
			if got := chronicled(t, r.beside, 0); !slices.Equal(got, []string{"p2 2"}) {
				t.Errorf("kept are %q", got)
			}
			for _, key := range r.server.Client(t).Keys(t.Context(), "*chron*").Val() {
				if r.server.Client(t).TTL(t.Context(), key).Val() <= 0 {
					t.Errorf("%s stays for ever", key)
				}
			}
		})
	}
}

// What names an erased profile goes, what is of the others and of a customer
// who came back stays, and nobody is led astray who reads meanwhile.
func TestAChronicleIsCleaned(t *testing.T) {
	server := redis.Start(t)
	store := open(t, keeping(server.Address))
	w := start(t, store, 3)
	now := time.Now().UnixMilli()
	commitChanges(t, w, now-86_400_000, "customer-1", "customer-2", "u")
	for range 1100 { // more than a page
		commitChanges(t, w, now, "customer-1")
	}
	commitChanges(t, w, now, "customer-1", "customer-2", "u")
	last := uint64(1101)
	gone := func(id string, version uint64) bool { return (id == "customer-1" || id == "u") && version <= last }
	names := []string{pipeline.ErasedName("customer-1"), pipeline.ErasedName("u"), pipeline.ErasedName("nobody")}
	in := func(id string) int {
		t.Helper()
		traces, err := store.Traces(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return len(slices.DeleteFunc(traces.Left, func(key string) bool { return !strings.Contains(key, "chron") }))
	}
	if in("customer-1") != 2 || in("u") != 2 {
		t.Fatal("the proof does not look into the chronicle")
	}
	for _, want := range []int{1101 + 1, 0} {
		if n, err := store.CleanChronicle(t.Context(), 3, names, gone); err != nil || n != want {
			t.Errorf("cleaned %d, want %d: %v", n, want, err)
		}
	}
	if got := chronicled(t, store, 3); !slices.Equal(got, []string{"customer-1 1102", "customer-2 1", "customer-2 1102", "u 1102"}) {
		t.Errorf("left are %q", got)
	}
	last = 1102
	if _, err := store.CleanChronicle(t.Context(), 3, names, gone); err != nil {
		t.Fatal(err)
	}
	if in("customer-1")+in("u") != 0 || in("customer-2") != 2 {
		t.Error("the chronicle names an erased profile still, or others not any more")
	}
}

// A reshard that is done again comes to the same, gives every profile's changes
// to its new shard, and leaves nothing where it is given up or dropped.
func TestReshardCarriesChronicles(t *testing.T) {
	eachServer(t, func(t *testing.T, addresses []string, c client.UniversalClient) {
		cfg := keeping(addresses...)
		store := initialised(t, cfg, 5)
		now := time.Now().UnixMilli()
		var all []string
		for shard := range 5 {
			w := start(t, store, shard)
			for i := range 40 {
				id := fmt.Sprintf("c%d-%d", shard, i%10)
				commitChanges(t, w, now-int64(i%3)*86_400_000, id)
				all = append(all, fmt.Sprintf("%s %d", id, i+1))
			}
		}
		before := c.Keys(t.Context(), "*chron*").Val()
		reshardUntil(t, cfg, 1<<30)
		want := made(t, c)
		for stops := 0; stops < 12; stops += 3 {
			abandon(t, cfg)
			if left := made(t, c); len(left) != 1 {
				t.Fatalf("giving up leaves %d keys", len(left))
			}
			reshardUntil(t, cfg, stops)
			if reshardUntil(t, cfg, 1<<30); !reflect.DeepEqual(made(t, c), want) {
				t.Fatalf("stopped after %d steps and done again, it comes to something else", stops)
			}
		}
		abandon(t, cfg)
		reshard(t, cfg, plan(t, "t5", 5, "t7", 7))
		store = connect(t, cfg)
		var got []string
		for shard := range 7 {
			if one := tellsOf(t, store, shard); !one.Whole || one.Keep != chronicleKeep.Milliseconds() {
				t.Errorf("shard %d tells %+v", shard, one)
			}
			for _, text := range chronicled(t, store, shard) {
				if id, _, _ := strings.Cut(text, " "); owner(t, 7)(id) != shard {
					t.Errorf("shard %d has %s", shard, text)
				}
				got = append(got, text)
			}
		}
		slices.Sort(got)
		slices.Sort(all)
		if !slices.Equal(got, all) {
			t.Errorf("carried over are\n%q\nwant\n%q", got, all)
		}
		if _, err := store.DropOld(t.Context(), func(sink.Progress) {}); err != nil {
			t.Fatal(err)
		}
		if n := c.Exists(t.Context(), before...).Val(); len(before) == 0 || n != 0 {
			t.Errorf("%d lists of the old layout are left, of %d", n, len(before))
		}
	})
}
