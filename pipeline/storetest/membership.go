package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"muster/pipeline"
)

func sizes(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := w.next(3)
	c.Changes = []pipeline.Change{enter("vip", "ann", 1), enter("vip", "bob", 1), enter("big", "ann", 2)}
	w.commit(t, c)
	expect(t, b, map[string][]string{"vip": {"ann", "bob"}, "big": {"ann"}})

	c = w.next(2)
	c.Changes = []pipeline.Change{leave("vip", "ann", 3), leave("big", "ann", 4), enter("vip", "cid", 1)}
	w.commit(t, c)
	expect(t, b, map[string][]string{"vip": {"bob", "cid"}})
}

// expect compares sizes and members of the shard with the members wanted.
func expect(t *testing.T, b Backend, want map[string][]string) {
	t.Helper()
	view := b.View(t, shard)
	if !reflect.DeepEqual(view.Members, want) {
		t.Errorf("members %q, want %q", view.Members, want)
	}
	for segment, size := range view.Sizes {
		if size != int64(len(want[segment])) {
			t.Errorf("segment %s has size %d, want %d", segment, size, len(want[segment]))
		}
	}
	for segment, members := range want {
		if view.Sizes[segment] != int64(len(members)) {
			t.Errorf("segment %s has size %d, want %d", segment, view.Sizes[segment], len(members))
		}
	}
}

func hidden(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := w.next(1)
	c.Hidden = map[string]bool{"quiet": true}
	c.Changes = []pipeline.Change{enter("quiet", "ann", 1), enter("vip", "ann", 2)}
	w.commit(t, c)
	view := b.View(t, shard)
	if want := map[string][]string{"vip": {"ann"}}; !reflect.DeepEqual(view.Members, want) {
		t.Errorf("members %q, want %q", view.Members, want)
	}
	if view.Sizes["quiet"] != 1 {
		t.Errorf("size %d of the hidden segment, want 1", view.Sizes["quiet"])
	}
	if len(view.Outbox) != 2 {
		t.Errorf("%d outbox entries, want 2", len(view.Outbox))
	}
}

// flapping moves one profile in and out within one commit, both ways.
func flapping(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := w.next(1)
	c.Changes = []pipeline.Change{
		enter("vip", "ann", 1), leave("vip", "ann", 2), enter("vip", "ann", 3),
		enter("vip", "bob", 1), leave("vip", "bob", 2),
	}
	w.commit(t, c)
	expect(t, b, map[string][]string{"vip": {"ann"}})
	if got := b.View(t, shard).Outbox; !reflect.DeepEqual(got, c.Changes) {
		t.Errorf("outbox %+v, want %+v", got, c.Changes)
	}
}

func outboxOrder(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	var want []pipeline.Change
	for batch := range 20 {
		c := w.next(int64(batch % 3)) // some commits apply no record
		for i := range batch % 5 {
			profile := fmt.Sprintf("p%d", i)
			c.Changes = append(c.Changes, enter(fmt.Sprintf("s%d", batch), profile, uint64(batch)), leave("z", profile, 1<<40))
		}
		want = append(want, c.Changes...)
		w.commit(t, c)
	}
	if got := b.View(t, shard).Outbox; !reflect.DeepEqual(got, want) {
		t.Errorf("outbox %+v, want %+v", got, want)
	}
	if got := open(t, b.Open(t), shard).state.Outbox; got != int64(len(want)) {
		t.Errorf("outbox count %d, want %d", got, len(want))
	}
}

func reach(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	day := today()
	for range 2 { // a batch replayed after a lost reply repeats its reach
		c := w.next(1)
		c.Reach = []pipeline.Reach{
			{Segment: "vip", Profile: "ann", Day: day}, {Segment: "vip", Profile: "bob", Day: day},
			{Segment: "vip", Profile: "ann", Day: day - 1}, {Segment: "big", Profile: "ann", Day: day},
		}
		w.commit(t, c)
	}
	for _, want := range []struct {
		segment string
		day     int64
		count   int64
	}{{"vip", day, 2}, {"vip", day - 1, 1}, {"big", day, 1}, {"big", day - 1, 0}} {
		if got := b.Reach(t, want.segment, want.day); got != want.count {
			t.Errorf("reach of %s on day %d is %d, want %d", want.segment, want.day, got, want.count)
		}
	}
}

// today keeps reach out of the way of stores that expire old days.
func today() int64 { return time.Now().Unix() / 86400 }
