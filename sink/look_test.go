package sink_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"muster/sink"
	"muster/test/kit/redis"
)

// A profile comes with what it is read with, of the names only those that are
// not known yet.
func TestAProfileIsLookedAtWithItsNames(t *testing.T) {
	store := open(t, config(miniredis.RunT(t).Addr()))
	w := start(t, store, 0)
	c := w.next()
	for i := range 6000 { // more than one reply brings
		c.NewNames = append(c.NewNames, fmt.Sprint("s:", i))
	}
	c.Clock = 17
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
	names, err := store.Names(t.Context(), 0, 0)
	if err != nil || len(names) < 6000 {
		t.Fatalf("%d names, %v", len(names), err)
	}
	for _, known := range []int{0, 1, len(names) - 1, len(names)} {
		l, err := store.Look(t.Context(), 0, "p1", known)
		if err != nil || l.Blob != "p1" || l.Clock != 17 || l.Next != c.Next || !slices.Equal(l.Names, names[known:]) {
			t.Errorf("with %d known: %q, clock %d, next %d, %d names, %v", known, l.Blob, l.Clock, l.Next, len(l.Names), err)
		}
	}
	if l, err := store.Look(t.Context(), 0, "nobody", 0); err != nil || l.Blob != "" || l.Clock != 17 {
		t.Errorf("nobody: %q, clock %d, %v", l.Blob, l.Clock, err)
	}
	if l, err := store.Look(t.Context(), 5, "p1", 0); err != nil || l.Blob != "" || l.Next != -1 {
		t.Errorf("a new shard: %q, next %d, %v", l.Blob, l.Next, err)
	}
	glances, err := store.Glances(t.Context())
	if err != nil || len(glances) != shards || glances[0].Clock != 17 || glances[5].Next != -1 {
		t.Errorf("%+v, %v", glances, err)
	}
}

// Whoever asks among many gets an answer of its own, and all names, also those
// that do not come along with one who knows fewer.
func TestManyLookAtOnce(t *testing.T) {
	store := open(t, config(miniredis.RunT(t).Addr()))
	w := start(t, store, 0)
	c := w.next()
	for i := range 6000 {
		c.NewNames = append(c.NewNames, fmt.Sprint("s:", i))
	}
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
	names, err := store.Names(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var looking sync.WaitGroup
	for i := range 300 {
		looking.Go(func() {
			known, id, want := []int{0, 10, 5500, len(names)}[i%4], "p1", "p1"
			if i%3 == 0 {
				id, want = fmt.Sprint("nobody", i), ""
			}
			l, err := store.Look(t.Context(), i%2*5, id, known)
			if i%2 == 1 { // a shard that has nothing yet
				want, known = "", len(names)
			}
			if err != nil || l.Blob != want || !slices.Equal(l.Names, names[known:]) {
				t.Errorf("%d: %q with %d names, %v", i, l.Blob, len(l.Names), err)
			}
		})
	}
	looking.Wait()
}

// On a cluster each look-up goes to the node that has its shard.
func TestManyLookAtOnceOnACluster(t *testing.T) {
	needCluster(t)
	store := open(t, config(redis.StartCluster(t, 3, 0).Addresses...))
	for shard := range shards {
		c := start(t, store, shard)
		next := c.next()
		next.Clock = int64(100 + shard)
		if err := c.commit(t, next); err != nil {
			t.Fatal(err)
		}
	}
	var looking sync.WaitGroup
	for i := range 20 * shards {
		looking.Go(func() {
			shard := i % shards
			if l, err := store.Look(t.Context(), shard, "p1", 0); err != nil || l.Blob != "p1" || l.Clock != int64(100+shard) {
				t.Errorf("shard %d: %q, clock %d, %v", shard, l.Blob, l.Clock, err)
			}
		})
	}
	looking.Wait()
}

// New entries of all shards are read together, each from its own position.
func TestOutboxesAreReadTogether(t *testing.T) {
	store := open(t, config(miniredis.RunT(t).Addr()))
	populate(t, store, "vip", 3*shards)
	newest, err := store.Newest(t.Context())
	if err != nil || len(newest) != shards {
		t.Fatalf("%q, %v", newest, err)
	}
	var positions []sink.Position
	var want []string
	for shard := range shards {
		alone, err := store.Outbox(t.Context(), shard, "", 10)
		if err != nil || len(alone) != 3 || newest[shard] != alone[2].ID {
			t.Fatalf("shard %d: %v, %v, newest %s", shard, alone, err, newest[shard])
		}
		positions = append(positions, sink.Position{Shard: shard, After: alone[0].ID})
		want = append(want, fmt.Sprint(alone[1:]))
	}
	positions = append(positions, sink.Position{Shard: 2}, sink.Position{Shard: 3, After: newest[3]})
	got, err := store.Outboxes(t.Context(), positions, 10)
	if err != nil || len(got) != len(positions) || len(got[shards]) != 3 || len(got[shards+1]) != 0 {
		t.Fatalf("%v, %v", got, err)
	}
	for shard := range shards {
		if fmt.Sprint(got[shard]) != want[shard] {
			t.Errorf("shard %d: %v, want %s", shard, got[shard], want[shard])
		}
	}
	if got, err := store.Outboxes(t.Context(), positions[shards:shards+1], 2); err != nil || len(got[0]) != 2 {
		t.Errorf("two: %v, %v", got, err)
	}
	if none, err := open(t, config(miniredis.RunT(t).Addr())).Newest(t.Context()); err != nil || !slices.Equal(none, make([]string, shards)) {
		t.Errorf("of nothing: %q, %v", none, err)
	}
}
