package sink_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// A glance tells what a shard's profiles are read with, and its owner goes on
// as if nobody had looked.
func TestAGlanceDisturbsNobody(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	w := start(t, store, 3)
	c := w.next()
	for i := range 12_000 { // several pages
		c.NewNames = append(c.NewNames, fmt.Sprintf("s:%d", i))
	}
	if err := w.commit(t, c); err != nil {
		t.Fatal(err)
	}
	before := redis.Dump(t, server.Client(t))
	reader := connect(t, config(server.Address))
	g, err := reader.Glance(t.Context(), 3)
	if err != nil || !slices.Equal(g.Names, c.NewNames) ||
		g.Clock != c.Clock || g.Rules != c.Rules || g.Generation != c.Generation || g.Next != c.Next {
		t.Errorf("%d names, clock %d, %v", len(g.Names), g.Clock, err)
	}
	if g, err := reader.Glance(t.Context(), 4); err != nil || g.Next != -1 || len(g.Names) > 0 {
		t.Errorf("of a new shard: %+v, %v", g, err)
	}
	if fmt.Sprint(redis.Dump(t, server.Client(t))) != fmt.Sprint(before) {
		t.Error("looking has written something")
	}
	w.step(t)
}

// Pages of members make the whole, from whatever cursor they go on.
func TestMembersGoOnFromACursor(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	want := populate(t, store, "vip", 20_000)
	var got []string
	take := func(profile string) error { got = append(got, profile); return nil }
	cursor, pages := sink.Cursor{}, 0
	for more := true; more; pages++ {
		before := len(got)
		var err error
		if cursor, more, err = store.MembersFrom(t.Context(), "vip", cursor, 300, take); err != nil {
			t.Fatal(err)
		}
		if n := len(got) - before; n > 600 || more && n < 300 {
			t.Fatalf("a page of %d", n)
		}
		if cursor, err = sink.ParseCursor(cursor.String()); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, want) || pages < 30 {
		t.Errorf("%d members in %d pages, want %d", len(got), pages, len(want))
	}
	for _, wrong := range []sink.Cursor{{Layout: 2}, {Layout: 1, Shard: shards}} {
		if _, _, err := store.MembersFrom(t.Context(), "vip", wrong, 1, take); !errors.Is(err, sink.ErrCursor) {
			t.Errorf("the cursor %s is taken", wrong)
		}
	}
	for _, text := range []string{"x", "1", "1.2", "1.2.3.4", "1.-2.3", "01.2.3"} {
		if c, err := sink.ParseCursor(text); err == nil {
			t.Errorf("%q is taken as %v", text, c)
		}
	}
}

// Many segments are read in pages; what is summed is the same.
func TestSizesOfManySegments(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	const segments = 3000
	for shard := range 2 {
		w := start(t, store, shard)
		c := w.next()
		c.Changes = nil
		for i := range segments {
			c.Changes = append(c.Changes, pipeline.Change{Segment: fmt.Sprintf("s%d", i), Profile: "p", Entered: true})
		}
		if err := w.commit(t, c); err != nil {
			t.Fatal(err)
		}
	}
	sizes, err := store.Sizes(t.Context())
	if err != nil || len(sizes) != segments {
		t.Fatalf("%d segments, %v", len(sizes), err)
	}
	for id, size := range sizes {
		if size != 2 {
			t.Errorf("%s has %d", id, size)
		}
	}
}

// Since when a profile is in a segment is what the outbox still tells.
func TestEnteredLooksBackInTheOutbox(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	w := start(t, store, 0)
	for round := range 3 {
		c := w.next()
		c.Changes = []pipeline.Change{
			{Segment: "old", Profile: "u", Entered: true, At: 5, Version: uint64(2 + round)},
			{Segment: "vip", Profile: "u", Entered: round != 1, At: int64(10 + round), Version: uint64(3 + round)},
		}
		for range 2500 {
			c.Changes = append(c.Changes, pipeline.Change{Segment: "vip", Profile: "other", Entered: true})
		}
		if err := w.commit(t, c); err != nil {
			t.Fatal(err)
		}
	}
	found, more, err := store.Entered(t.Context(), 0, "u", []string{"vip", "never"}, 100_000)
	if err != nil || more || len(found) != 1 || found["vip"].Change.At != 12 {
		t.Errorf("found %v, more %v, %v", found, more, err)
	}
	if found, more, err := store.Entered(t.Context(), 0, "u", []string{"vip"}, 2000); err != nil || !more || len(found) != 0 {
		t.Errorf("within 2000 found %v, more %v, %v", found, more, err)
	}
	if found, more, err := store.Entered(t.Context(), 0, "u", []string{"vip"}, 3000); err != nil || more || len(found) != 1 {
		t.Errorf("within 3000 found %v, more %v, %v", found, more, err)
	}
	if found, more, err := store.Entered(t.Context(), 1, "u", []string{"vip"}, 10); err != nil || more || len(found) != 0 {
		t.Errorf("of an empty outbox found %v, more %v, %v", found, more, err)
	}
}
