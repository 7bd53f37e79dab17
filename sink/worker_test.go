package sink_test

import (
	"fmt"
	"strconv"
	"testing"

	"muster/pipeline"
	"muster/sink"
)

func itoa(i int) string { return strconv.Itoa(i) }

// worker makes one commit after the other, each of which writes every kind
// of key and has the change whose version is the offset of its record plus 1.
type worker struct {
	store *sink.Store
	shard int
	state pipeline.State
}

func start(t testing.TB, store *sink.Store, shard int) *worker {
	t.Helper()
	w := &worker{store: store, shard: shard}
	if err := w.open(t); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *worker) open(t testing.TB) (err error) {
	w.state, err = w.store.Open(t.Context(), w.shard)
	return err
}

func (w *worker) next() *pipeline.Commit {
	next := max(w.state.Next, 0) + 1
	profile := fmt.Sprintf("p%d", next)
	return &pipeline.Commit{
		Epoch: w.state.Epoch, From: w.state.Next, Next: next, Clock: next * 1000, Outbox: w.state.Outbox,
		Rules: "rules", Generation: 1,
		NewNames: []string{"name" + itoa(int(next))}, Catalog: map[string]string{"name": itoa(int(next))},
		Profiles: []pipeline.Write{{Profile: profile, Blob: []byte(profile), Deadline: next, Timer: true}},
		Changes: []pipeline.Change{{
			Segment: "vip", Profile: profile, Entered: true, At: next, Version: uint64(next), Cause: pipeline.CauseEvent,
		}},
	}
}

func (w *worker) commit(t testing.TB, c *pipeline.Commit) error {
	err := w.store.Commit(t.Context(), w.shard, c)
	if err == nil {
		w.state.Next, w.state.Outbox = c.Next, c.Outbox+int64(len(c.Changes))
	}
	return err
}

// step commits the next record.
func (w *worker) step(t testing.TB) {
	t.Helper()
	if err := w.commit(t, w.next()); err != nil {
		t.Fatal(err)
	}
}

// landed fails the test unless exactly the given number of commits has
// landed, each of them once and whole.
func landed(t *testing.T, store *sink.Store, shard int, commits int) {
	t.Helper()
	w := start(t, store, shard)
	next := int64(commits)
	if commits == 0 {
		next = -1
	}
	if w.state.Next != next || w.state.Outbox != int64(commits) || len(w.state.Names) != commits || len(w.state.Timers) != commits {
		t.Fatalf("next %d, outbox %d, %d names, %d timers; want %d commits",
			w.state.Next, w.state.Outbox, len(w.state.Names), len(w.state.Timers), commits)
	}
	entries := outbox(t, store, shard)
	if len(entries) != commits {
		t.Fatalf("%d outbox entries, want %d", len(entries), commits)
	}
	for i, entry := range entries {
		want := fmt.Sprintf("%d-%d", i+1, i+1)
		if entry.ID != want || entry.Offset != int64(i+1) || entry.Change.Version != uint64(i+1) {
			t.Fatalf("outbox entry %d is %+v, want id %s", i, entry, want)
		}
		blob, err := store.Profile(t.Context(), shard, entry.Change.Profile)
		if err != nil || string(blob) != entry.Change.Profile {
			t.Fatalf("profile %s is %q, %v", entry.Change.Profile, blob, err)
		}
	}
	sizes, err := store.Sizes(t.Context())
	if err != nil || sizes["vip"] != int64(commits) {
		t.Fatalf("sizes %v, %v; want %d", sizes, err, commits)
	}
}
