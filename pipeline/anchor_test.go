package pipeline_test

import (
	"context"
	"testing"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
)

// anchored is a tape that says which log it is, and waits at its end.
type anchored struct{ tape }

func (s *anchored) Fetch(ctx context.Context) (pipeline.Batch, error) {
	batch, err := s.tape.Fetch(ctx)
	if err != nil {
		<-ctx.Done()
		return batch, ctx.Err()
	}
	batch.Anchor = pipeline.AnchorAt("id", &batch.Records[len(batch.Records)-1])
	return batch, nil
}

// noted is a store that keeps what landed, without the rest.
type noted struct {
	pipeline.Store
	landed []pipeline.Commit
}

func (n *noted) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	err := n.Store.Commit(ctx, shard, c)
	if err == nil {
		n.landed = append(n.landed, pipeline.Commit{Next: c.Next, Anchor: c.Anchor, Gap: c.Gap})
	}
	return err
}

// Every commit has the anchor of its own offset, also one of a part of a
// batch.
func TestCommitsHaveTheAnchorOfTheirOffset(t *testing.T) {
	w := newWorld(t, 5, 300)
	records := w.records[:200]
	n := &noted{Store: memory.New()}
	worker := newWorker(n, w.set, nil, 0)
	worker.Config.Timers = 1 // so that timers are committed in the middle of a batch
	worker.Open = func(_ context.Context, _ int, offset int64, _ pipeline.Anchor) (pipeline.Source, error) {
		return &anchored{tape{records: records, size: 50, next: offset}}, nil
	}
	end := records[len(records)-1].Offset + 1
	ctx, cancel := context.WithCancel(t.Context())
	worker.Observer.Committed = func(int, pipeline.BatchStats) {
		if n.landed[len(n.landed)-1].Next == end {
			cancel()
		}
	}
	if err := worker.Run(ctx, 0); err != nil {
		t.Fatal(err)
	}
	within := 0
	for _, c := range n.landed {
		var want pipeline.Anchor
		for i := range records {
			if r := &records[i]; r.Offset < c.Next {
				want = pipeline.AnchorAt("id", r)
			}
		}
		if c.Anchor != want {
			t.Errorf("the commit of offset %d has %+v; want %+v", c.Next, c.Anchor, want)
		}
		if c.Next%150 != 0 && c.Next < end { // records are at every third offset, 50 in a batch
			within++
		}
	}
	if within == 0 {
		t.Error("no batch was committed in parts")
	}
}

// passing is a source that has passed over a gap and goes on at the same
// offset.
type passing struct{ still }

func (s *passing) Fetch(ctx context.Context) (pipeline.Batch, error) {
	if s.records != nil {
		batch, err := s.still.Fetch(ctx)
		batch.Anchor = pipeline.Anchor{Topic: "id"}
		return batch, err
	}
	s.records = []pipeline.Record{}
	return pipeline.Batch{Next: s.next, High: s.next, Gap: &pipeline.Gap{From: s.next, To: s.next}, Anchor: pipeline.Anchor{Topic: "id"}}, nil
}

// A gap is on record at once, though the offset stays.
func TestAGapWithoutAnOffsetIsOnRecord(t *testing.T) {
	store := memory.New()
	state, err := store.Open(t.Context(), 0)
	if err == nil {
		err = store.Commit(t.Context(), 0, &pipeline.Commit{Epoch: state.Epoch, From: -1, Next: 7, Anchor: pipeline.Anchor{Topic: "before"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	set := compile(t, []rules.Segment{rules.NewSegment("all", `profile.id != ""`)})
	worker := newWorker(store.Share(), set, nil, 0)
	worker.Open = func(_ context.Context, _ int, next int64, anchor pipeline.Anchor) (pipeline.Source, error) {
		if anchor.Topic != "before" {
			t.Errorf("opened with %+v", anchor)
		}
		return &passing{still{tape: tape{next: next}}}, nil
	}
	worker.Observer.Committed = func(_ int, b pipeline.BatchStats) {
		if b.Gap == nil || *b.Gap != (pipeline.Gap{From: 7, To: 7}) {
			t.Errorf("told of %+v", b.Gap)
		}
		cancel()
	}
	if err := worker.Run(ctx, 0); err != nil {
		t.Fatal(err)
	}
	state, err = store.Open(t.Context(), 0)
	if err != nil || len(state.Gaps) != 1 || state.Next != 7 || state.Anchor != (pipeline.Anchor{Topic: "id"}) {
		t.Errorf("got %+v, %v", state, err)
	}
}

// What is stored must be found again by later versions.
func TestFingerprintsStayWhatTheyAre(t *testing.T) {
	seen := map[uint64]bool{}
	for i, test := range []struct {
		record pipeline.Record
		sum    uint64
	}{
		{pipeline.Record{}, 0x1b3e70c739a42912},
		{pipeline.Record{Key: []byte{}}, 0xffffffffffffffff},
		{pipeline.Record{Value: []byte{}}, 0xe4c18f38c65bd6ed},
		{pipeline.Record{Time: 1}, 0xe8155a686ebcd2bd},
		{pipeline.Record{Time: 1_700_000_000_000, Key: []byte("k"), Value: []byte("value")}, 0xb63a337a5e5bbb62},
		{pipeline.Record{Time: 1_700_000_000_000, Key: []byte("kv"), Value: []byte("alue")}, 0x4b080fbf460a2ee5},
	} {
		got := pipeline.AnchorAt("", &test.record).Sum
		if got != test.sum || seen[got] {
			t.Errorf("record %d has %#x, want %#x of its own", i, got, test.sum)
		}
		seen[got] = true
	}
}
