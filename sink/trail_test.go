package sink_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// trailing is a configuration with a trail.
func trailing(most int64, addresses ...string) sink.Config {
	cfg := config(addresses...)
	cfg.TrailMax = most
	return cfg
}

// touch commits profiles.
func touch(t *testing.T, w *worker, profiles ...string) {
	t.Helper()
	c := w.next()
	c.Changes, c.Profiles, c.NewNames, c.Catalog = nil, nil, nil, nil
	for _, id := range profiles {
		c.Profiles = append(c.Profiles, pipeline.Write{Profile: id, Blob: []byte(id)})
	}
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
}

func trailEnd(t *testing.T, store *sink.Store, shard int) sink.TrailPlace {
	t.Helper()
	place, err := store.TrailEnd(t.Context(), shard)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

// along follows the trail of a shard to its end.
func along(t *testing.T, store *sink.Store, shard int, place sink.TrailPlace) (ids []string, trail sink.Trail) {
	t.Helper()
	trail = sink.Trail{Place: place, More: true}
	for trail.More {
		trails, err := store.Trails(t.Context(), map[int]sink.TrailPlace{shard: trail.Place})
		if err != nil {
			t.Fatal(err)
		}
		trail = trails[shard]
		ids = append(ids, trail.IDs...)
	}
	return ids, trail
}

// Who follows a trail is told of every profile that was touched, in commits of
// any size, and over a change of owners.
func TestATrailTellsWhoWasTouched(t *testing.T) {
	eachRedis(t, func(t *testing.T, addresses ...string) {
		store := open(t, trailing(1000, addresses...))
		w := start(t, store, 3)
		touch(t, w, "before")
		place := trailEnd(t, store, 3)
		var want []string
		for _, size := range []int{1, 0, 255, 256, 257, 20_000, 2} {
			var ids []string
			for i := range size {
				ids = append(ids, fmt.Sprintf("p\x00-%d-%d", size, i))
			}
			touch(t, w, ids...)
			want = append(want, ids...)
			w = start(t, store, 3)
		}
		ids, trail := along(t, store, 3, place)
		if trail.Lost || !slices.Equal(ids, want) {
			t.Errorf("lost is %v; %d ids were told, and %d were touched", trail.Lost, len(ids), len(want))
		}
		if ids, again := along(t, store, 3, trail.Place); again.Lost || len(ids) > 0 || again.Place != trail.Place {
			t.Errorf("then %v is told behind %+v: %+v", ids, trail.Place, again)
		}
		touch(t, w, "after")
		if ids, trail = along(t, store, 3, trail.Place); trail.Lost || !slices.Equal(ids, []string{"after"}) {
			t.Errorf("then %v is told, lost is %v", ids, trail.Lost)
		}
	})
}

// eachRedis runs a test on Redis and, where it is to be real, on a cluster.
func eachRedis(t *testing.T, do func(t *testing.T, addresses ...string)) {
	t.Helper()
	t.Run("Redis", func(t *testing.T) { do(t, redis.Start(t).Address) })
	t.Run("Redis Cluster", func(t *testing.T) {
		needCluster(t)
		do(t, redis.StartCluster(t, 3, 0).Addresses...)
	})
}

// Whatever keeps a reader from knowing who was touched is told, and never a part
// of it for the whole.
func TestATrailSaysWhereItIsBroken(t *testing.T) {
	server := redis.Start(t)
	plain := server.Client(t)
	on, off := open(t, trailing(100, server.Address)), open(t, config(server.Address))
	lost := func(what string, place sink.TrailPlace) {
		t.Helper()
		if ids, trail := along(t, on, 3, place); !trail.Lost || len(ids) > 0 {
			t.Errorf("%s: %v is told and lost is %v", what, ids, trail.Lost)
		}
	}
	w := start(t, on, 3)
	touch(t, w, "a")
	place := trailEnd(t, on, 3)
	for i := range 1000 {
		touch(t, w, fmt.Sprint("p", i))
	}
	lost("entries were dropped", place)
	if kept := plain.XLen(t.Context(), "m:{s3}:trail").Val(); kept < 100 || kept > 300 {
		t.Errorf("%d entries are kept of 1001", kept)
	}
	place = trailEnd(t, on, 3)
	w = start(t, off, 3)
	touch(t, w, "b")
	lost("the last commit has no entry", place)
	w = start(t, on, 3)
	touch(t, w, "c")
	lost("a commit between has no entry", place)
	place = trailEnd(t, on, 3)

	// Redis loses the last commits, and a new owner makes as many others.
	dumped := map[string]string{}
	for _, key := range []string{"m:{s3}:meta", "m:{s3}:trail"} {
		dumped[key] = plain.Dump(t.Context(), key).Val()
	}
	touch(t, w, "d")
	ids, trail := along(t, on, 3, place)
	if trail.Lost || !slices.Equal(ids, []string{"d"}) {
		t.Fatalf("%v is told and lost is %v", ids, trail.Lost)
	}
	for key, text := range dumped {
		if err := plain.RestoreReplace(t.Context(), key, 0, text).Err(); err != nil {
			t.Fatal(err)
		}
	}
	lost("commits are gone", trail.Place)
	w = start(t, on, 3)
	for _, id := range []string{"e", "f"} {
		touch(t, w, id)
	}
	lost("others are in their place", trail.Place)
	if ids, trail := along(t, on, 3, place); trail.Lost || !slices.Equal(ids, []string{"e", "f"}) {
		t.Errorf("behind what was kept %v is told and lost is %v", ids, trail.Lost)
	}
}

// Without the setting a commit writes what it did before.
func TestNoTrailIsWrittenUnlessAskedFor(t *testing.T) {
	server := redis.Start(t)
	plain := server.Client(t)
	touch(t, start(t, open(t, config(server.Address)), 3), "a", "b")
	if keys := plain.Keys(t.Context(), "*trail*").Val(); len(keys) > 0 {
		t.Errorf("there are %q", keys)
	}
}

// A cleaned trail names nobody of the commits that are cleaned, and who has
// passed them goes on.
func TestATrailIsCleaned(t *testing.T) {
	server := redis.Start(t)
	store := open(t, trailing(1000, server.Address))
	w := start(t, store, 3)
	touch(t, w, "anna@example.com", "x")
	names := func(id string) bool {
		found, err := store.Traces(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(found.Left, func(key string) bool { return strings.HasSuffix(key, ":trail") })
	}
	if !names("anna@example.com") || !names("x") || names("ann") {
		t.Error("the trail is not found to name whom it names")
	}
	commits, err := store.Commits(t.Context(), 3)
	if err != nil || commits != 1 {
		t.Fatalf("%d commits, %v", commits, err)
	}
	place := trailEnd(t, store, 3)
	touch(t, w, "ben")
	for i, want := range []int{1, 0} {
		if removed, err := store.CleanTrail(t.Context(), 3, commits); err != nil || removed != want {
			t.Errorf("pass %d removes %d, %v", i, removed, err)
		}
	}
	if names("anna@example.com") || names("x") {
		t.Error("the trail still names whom it was cleaned of")
	}
	if ids, trail := along(t, store, 3, place); trail.Lost || !slices.Equal(ids, []string{"ben"}) {
		t.Errorf("%v is told and lost is %v", ids, trail.Lost)
	}
}

// Profiles are read beside their owner, those that are not there as such.
func TestSomeProfiles(t *testing.T) {
	eachRedis(t, func(t *testing.T, addresses ...string) {
		store := open(t, config(addresses...))
		w := start(t, store, 3)
		var ids []string
		for i := range 2500 {
			ids = append(ids, fmt.Sprint("p", i))
		}
		touch(t, w, ids...)
		if n, err := store.CountProfiles(t.Context(), 3); err != nil || n != 2500 {
			t.Errorf("%d profiles are counted, %v", n, err)
		}
		blobs, err := store.SomeProfiles(t.Context(), 3, append(ids, "nobody"))
		if err != nil || !slices.Equal(blobs, append(slices.Clone(ids), "")) {
			t.Errorf("%d blobs are read, %v", len(blobs), err)
		}
	})
}
