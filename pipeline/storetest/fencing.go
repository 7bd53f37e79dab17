package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"muster/pipeline"
)

// full returns a commit that touches every kind of key a commit can, but for
// reach, which is sent before the transaction and is harmless to repeat.
func full(w *worker, profile string) *pipeline.Commit {
	c := w.next(1)
	c.NewNames = []string{"name of " + profile}
	c.Swept, c.Bucket, c.Catalog = w.state.Swept+1, 7, map[string]string{"name": profile, "other": ""}
	c.Profiles = []pipeline.Write{{Profile: profile, Blob: []byte(profile), Deadline: 77, Timer: true}}
	c.Changes = []pipeline.Change{enter("vip", profile, 1), leave("big", profile, 2)}
	c.Drop = []string{"big"}
	return c
}

// refuse commits, and fails the test unless that is fenced and changes nothing.
func refuse(t *testing.T, b Backend, w *worker, c *pipeline.Commit) {
	t.Helper()
	before := b.Dump(t)
	if err := w.store.Commit(context.Background(), w.shard, c); !errors.Is(err, pipeline.ErrFenced) {
		t.Fatalf("commit returned %v, want ErrFenced", err)
	}
	if after := b.Dump(t); !reflect.DeepEqual(before, after) {
		t.Fatalf("a fenced commit changed\n%v\ninto\n%v", before, after)
	}
}

func epochsGrow(t *testing.T, b Backend) {
	store, last := b.Open(t), int64(0)
	for range 5 {
		epoch := open(t, store, shard).state.Epoch
		if epoch <= last {
			t.Fatalf("epoch %d after %d", epoch, last)
		}
		last = epoch
	}
}

func olderOwner(t *testing.T, b Backend) {
	older := open(t, b.Open(t), shard)
	older.commit(t, full(older, "ann"))
	newer := open(t, b.Open(t), shard)
	refuse(t, b, older, full(older, "bob")) // the newer owner has written nothing yet
	newer.commit(t, full(newer, "cid"))
	refuse(t, b, older, full(older, "bob"))
	newer.commit(t, full(newer, "dan"))
}

func olderOwnerLoad(t *testing.T, b Backend) {
	older := open(t, b.Open(t), shard)
	older.commit(t, full(older, "ann"))
	newer := open(t, b.Open(t), shard)
	_, err := older.store.Load(context.Background(), shard, []string{"ann"})
	if !errors.Is(err, pipeline.ErrFenced) {
		t.Errorf("the older owner's load returned %v, want ErrFenced", err)
	}
	newer.load(t, "ann")
}

func unknownOwner(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	w.commit(t, full(w, "ann"))
	for _, epoch := range []int64{0, w.state.Epoch - 1, w.state.Epoch + 1} {
		c := full(w, "bob")
		c.Epoch = epoch
		refuse(t, b, w, c)
	}
	w.commit(t, full(w, "bob"))
}

func wrongFrom(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := full(w, "ann")
	c.From = 0 // a new shard's next offset is -1
	refuse(t, b, w, c)
	w.commit(t, full(w, "ann"))
	for _, from := range []int64{-1, w.state.Next - 1, w.state.Next + 1} {
		c := full(w, "bob")
		c.From, c.Next = from, w.state.Next+10
		refuse(t, b, w, c)
	}
	w.commit(t, full(w, "bob"))
}

func wrongOutbox(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	w.commit(t, full(w, "ann"))
	for _, outbox := range []int64{0, w.state.Outbox - 1, w.state.Outbox + 1} {
		c := full(w, "bob")
		c.Outbox = outbox
		refuse(t, b, w, c)
	}
	w.commit(t, full(w, "bob"))
}

func repeated(t *testing.T, b Backend) {
	w := open(t, b.Open(t), shard)
	c := full(w, "ann")
	w.commit(t, c)
	refuse(t, b, w, c)
}

func shardsApart(t *testing.T, b Backend) {
	store := b.Open(t)
	one, two := open(t, store, 1), open(t, store, 2)
	one.commit(t, full(one, "ann"))
	two.commit(t, full(two, "bob"))
	one.commit(t, full(one, "cid"))
	if blobs := two.load(t, "ann", "bob"); blobs[0] != "" || blobs[1] != "bob" {
		t.Errorf("shard 2 holds %q", blobs)
	}
	if got := b.View(t, 2).Members["vip"]; !reflect.DeepEqual(got, []string{"bob"}) {
		t.Errorf("members of shard 2: %q", got)
	}
	again := open(t, b.Open(t), 1)
	if again.state.Next != 2 || again.state.Outbox != 4 || len(again.state.Timers) != 2 {
		t.Errorf("shard 1 is %+v", again.state)
	}
}
