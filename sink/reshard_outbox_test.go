package sink_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// Outboxes of several pages each are merged by time, also when the copy is
// stopped after each part that it writes.
func TestLongOutboxesAreMerged(t *testing.T) {
	const before, after, each = 2, 3, 11_000
	cfg := config(redis.Start(t).Address)
	store := initialised(t, cfg, before)
	r := rand.New(rand.NewPCG(1, 2))
	old, own := owner(t, before), owner(t, after)
	all, versions := make([][]pipeline.Change, before), map[string]uint64{}
	var at int64
	for i := range before * each {
		at += r.Int64N(2) // many are of one instant
		id := fmt.Sprintf("p-%d", r.IntN(500))
		versions[id]++
		shard := old(id)
		all[shard] = append(all[shard], pipeline.Change{
			Segment: "vip", Profile: id, Entered: i%2 == 0, At: at, Version: versions[id], Cause: pipeline.CauseTime,
		})
	}
	merged := make([][]pipeline.Change, after)
	for shard, changes := range all {
		w := start(t, store, shard)
		for part := range slices.Chunk(changes, 1000) {
			c := w.next()
			c.NewNames, c.Profiles, c.Changes = nil, nil, part
			if err := w.commit(t, c); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range changes {
			merged[own(c.Profile)] = append(merged[own(c.Profile)], c)
		}
	}
	stops := 0
	for !mergedUntil(t, cfg, before, after, stops+1) {
		stops++
	}
	if stops < 4 {
		t.Errorf("it was stopped only %d times", stops)
	}
	moved := connect(t, cfg)
	for shard := range after {
		slices.SortStableFunc(merged[shard], func(a, b pipeline.Change) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(old(a.Profile), old(b.Profile)))
		})
		got := outbox(t, moved, shard)
		if len(got) != len(merged[shard]) {
			t.Fatalf("shard %d has %d entries, want %d", shard, len(got), len(merged[shard]))
		}
		for i, e := range got {
			if want := fmt.Sprintf("0-%d", i+1); e.ID != want || e.Change != merged[shard][i] || e.Offset < 1 {
				t.Fatalf("entry %d of shard %d is %+v, want %s %+v", i, shard, e, want, merged[shard][i])
			}
		}
		if state, err := moved.Open(t.Context(), shard); err != nil || state.Outbox != int64(len(got)) || state.Next != 0 {
			t.Errorf("shard %d goes on at offset %d behind %d entries, %v", shard, state.Next, state.Outbox, err)
		}
	}
}

// mergedUntil reshards, but is stopped when it has written that many parts of
// the outboxes. It reports whether it came to its end.
func mergedUntil(t *testing.T, cfg sink.Config, before, after, parts int) bool {
	t.Helper()
	r, ended := copyUntil(t, cfg, plan(t, "two", before, "three", after), func(at sink.Progress) bool {
		if at.Step == "outbox" {
			parts--
		}
		return at.Step == "outbox" && parts == 0
	})
	if !ended {
		return false
	}
	if err := r.Switch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return true
}
