package storetest

import (
	"maps"
	"testing"

	"muster/pipeline"
)

// erases removes a profile in one commit, brings it back in a later one, and
// demands that everybody else stays.
func erases(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := w.next(1)
	c.Profiles = []pipeline.Write{
		{Profile: "ann", Blob: []byte("ann"), Deadline: 7, Timer: true}, {Profile: "bob", Blob: []byte("bob"), Deadline: 8, Timer: true},
	}
	c.Changes = []pipeline.Change{enter("vip", "ann", 1), enter("vip", "bob", 1)}
	w.commit(t, c)

	name := pipeline.ErasedName("ann")
	c = w.next(1)
	c.Profiles = []pipeline.Write{{Profile: "ann", Timer: true, Gone: true}, {Profile: "nobody", Gone: true}}
	c.Changes = []pipeline.Change{{Segment: "vip", Profile: "ann", At: 2000, Version: 2, Cause: pipeline.CauseErased}}
	c.Catalog = map[string]string{name: "9000 2 2000 request"}
	c.Erased = []pipeline.Erased{{Name: name, Request: "request", At: 2000}}
	w.commit(t, c)

	again := open(t, b.Open(t), shard)
	if blobs := again.load(t, "ann", "bob", "nobody"); blobs[0] != "" || blobs[1] != "bob" || blobs[2] != "" {
		t.Errorf("blobs %q", blobs)
	}
	if got := again.state.Timers; len(got) != 1 || got[0].Profile != "bob" {
		t.Errorf("timers %+v", got)
	}
	if got := again.state.Catalog; !maps.Equal(got, c.Catalog) {
		t.Errorf("catalog %q", got)
	}
	view := b.View(t, shard)
	if len(view.Members["vip"]) != 1 || view.Sizes["vip"] != 1 || len(view.Outbox) != 3 || view.Outbox[2] != c.Changes[0] {
		t.Errorf("view %+v", view)
	}
	if !maps.Equal(view.Erasing, map[string]string{name: "request"}) {
		t.Errorf("%q are said to have been erased", view.Erasing)
	}

	c = again.next(1)
	c.Profiles = []pipeline.Write{{Profile: "ann", Blob: []byte("another"), Deadline: 9, Timer: true}}
	again.commit(t, c)
	last := open(t, b.Open(t), shard)
	if blobs := last.load(t, "ann"); blobs[0] != "another" || len(last.state.Timers) != 2 {
		t.Errorf("back again: %q and timers %+v", blobs, last.state.Timers)
	}
}
