package storetest

import (
	"fmt"
	"maps"
	"reflect"
	"testing"

	"muster/pipeline"
)

func sweptIsKept(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	for _, want := range []struct {
		swept  uint64
		bucket int
	}{{0, 0}, {0, 4000}, {3, 0}, {1 << 40, 1 << 20}, {7, 1}} {
		c := w.next(1)
		c.Swept, c.Bucket = want.swept, want.bucket
		w.commit(t, c)
		if got := open(t, b.Open(t), shard); got.state.Swept != want.swept || got.state.Bucket != want.bucket {
			t.Fatalf("swept %d and bucket %d, want %+v", got.state.Swept, got.state.Bucket, want)
		}
		w = open(t, w.store, shard)
	}
}

// catalogFollows writes, replaces and removes entries, the last ones too.
func catalogFollows(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	for _, step := range []struct{ write, want map[string]string }{
		{map[string]string{"absent": ""}, nil},
		{
			map[string]string{"s:vip": "1 abc", "a:\xff\x00 {s1}\r\n": "17 \x00text", "s:old": "gone"},
			map[string]string{"s:vip": "1 abc", "a:\xff\x00 {s1}\r\n": "17 \x00text", "s:old": "gone"},
		},
		{nil, map[string]string{"s:vip": "1 abc", "a:\xff\x00 {s1}\r\n": "17 \x00text", "s:old": "gone"}},
		{
			map[string]string{"s:vip": "2 abc", "s:old": "", "s:new": "2 x", "absent": ""},
			map[string]string{"s:vip": "2 abc", "a:\xff\x00 {s1}\r\n": "17 \x00text", "s:new": "2 x"},
		},
		{map[string]string{"s:vip": "", "a:\xff\x00 {s1}\r\n": "", "s:new": ""}, nil},
		{map[string]string{"s:vip": "3"}, map[string]string{"s:vip": "3"}},
	} {
		c := w.next(1)
		c.Catalog = step.write
		w.commit(t, c)
		w = open(t, b.Open(t), shard)
		if !reflect.DeepEqual(w.state.Catalog, step.want) {
			t.Fatalf("catalog %q after writing %q, want %q", w.state.Catalog, step.write, step.want)
		}
	}
	w.state.Catalog["s:vip"] = "changed by the caller"
	if got := open(t, b.Open(t), shard).state.Catalog["s:vip"]; got != "3" {
		t.Errorf("the caller's change is stored: %q", got)
	}
}

// bigCatalog is larger than any page or chunk of a store should be.
func bigCatalog(t *testing.T, b Backend) {
	const entries = 50_000
	w := open(t, b.Open(t), shard)
	c := w.next(1)
	c.Catalog = map[string]string{}
	for i := range entries {
		c.Catalog[fmt.Sprintf("s:segment-%d", i)] = fmt.Sprintf("%d digest", i)
	}
	want := maps.Clone(c.Catalog)
	w.commit(t, c)
	w = open(t, b.Open(t), shard)
	if !maps.Equal(w.state.Catalog, want) {
		t.Fatalf("%d entries, want %d", len(w.state.Catalog), entries)
	}
	c = w.next(1)
	c.Catalog = map[string]string{}
	for name := range want {
		c.Catalog[name] = ""
	}
	w.commit(t, c)
	if got := open(t, b.Open(t), shard).state.Catalog; got != nil {
		t.Fatalf("%d entries are left", len(got))
	}
}

// drops removes some segments of a shard, with the commit by which the last
// profile leaves, and leaves other segments and other shards alone.
func drops(t *testing.T, b Backend) {
	store := b.Open(t)
	w, other := open(t, store, shard), open(t, store, shard+1)
	for _, owner := range []*worker{w, other} {
		c := owner.next(1)
		c.Hidden = map[string]bool{"quiet": true}
		c.Changes = []pipeline.Change{
			enter("vip", "ann", 1), enter("old", "ann", 2), enter("older", "ann", 3), enter("older", "bob", 1), enter("quiet", "ann", 4),
		}
		owner.commit(t, c)
	}
	c := w.next(0)
	c.Changes = []pipeline.Change{leave("old", "ann", 3)}
	c.Drop = []string{"old", "older", "quiet", "never"}
	w.commit(t, c)
	view := b.View(t, shard)
	if want := map[string][]string{"vip": {"ann"}}; !reflect.DeepEqual(view.Members, want) {
		t.Errorf("members %q, want %q", view.Members, want)
	}
	if want := map[string]int64{"vip": 1}; !maps.Equal(view.Sizes, want) {
		t.Errorf("sizes %v, want %v", view.Sizes, want)
	}
	if len(view.Outbox) != 6 {
		t.Errorf("%d outbox entries, want all 6", len(view.Outbox))
	}
	view = b.View(t, shard+1)
	if got := view.Members["older"]; len(got) != 2 || view.Sizes["old"] != 1 || view.Sizes["quiet"] != 1 {
		t.Errorf("the other shard has %+v", view)
	}
	// A segment that comes back begins anew.
	c = w.next(1)
	c.Changes = []pipeline.Change{enter("old", "bob", 1)}
	w.commit(t, c)
	expect(t, b, map[string][]string{"vip": {"ann"}, "old": {"bob"}})
}

// dropsMany drops more segments than a command should name.
func dropsMany(t *testing.T, b Backend) {
	const segments = 3000
	w := open(t, b.Open(t), shard)
	c := w.next(1)
	c.Changes = []pipeline.Change{enter("kept", "ann", 1)}
	var drop []string
	for i := range segments {
		drop = append(drop, fmt.Sprintf("s%d", i))
		c.Changes = append(c.Changes, enter(drop[i], "ann", uint64(i)))
	}
	w.commit(t, c)
	c = w.next(0)
	c.Drop = drop
	w.commit(t, c)
	view := b.View(t, shard)
	if len(view.Members) != 1 || !maps.Equal(view.Sizes, map[string]int64{"kept": 1}) {
		t.Errorf("%d sets and %d sizes are left, want 1 of each", len(view.Members), len(view.Sizes))
	}
}

// refusedSweep is a commit of a sweep by an owner that has been replaced.
func refusedSweep(t *testing.T, b Backend) {
	older := open(t, b.Open(t), shard)
	c := full(older, "ann")
	c.Swept, c.Bucket, c.Catalog = 1, 5, map[string]string{"s:vip": "1", "s:big": "1"}
	older.commit(t, c)
	newer := open(t, b.Open(t), shard)
	c = older.next(0)
	c.Swept, c.Bucket, c.Catalog, c.Drop = 2, 6, map[string]string{"s:vip": "", "s:new": "2"}, []string{"vip"}
	refuse(t, b, older, c)
	if s := newer.state; s.Swept != 1 || s.Bucket != 5 || len(s.Catalog) != 2 {
		t.Errorf("the newer owner has swept %d, bucket %d and catalog %q", s.Swept, s.Bucket, s.Catalog)
	}
}
