package pipeline_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

func TestEditionsOnlyGrow(t *testing.T) {
	first := compile(t, []rules.Segment{rules.NewSegment("a", `profile.id == "a"`)})
	live := pipeline.NewLive(first)
	if e := live.Current(); e.Number != 1 || e.Set != first {
		t.Errorf("the first edition is %+v", e)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				before := live.Current()
				if e := live.Publish(first); e.Number <= before.Number || live.Current().Number < e.Number {
					t.Errorf("edition %d was published after %d", e.Number, before.Number)
				}
			}
		})
	}
	all.Wait()
	if n := live.Current().Number; n != 801 {
		t.Errorf("the last edition is %d", n)
	}
}

// TestIdleShardTellsItsEdition: operators see by it that a change of the
// rules has come everywhere, also where nothing happens.
func TestIdleShardTellsItsEdition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &still{tape: tape{records: []pipeline.Record{bought(0, "u", time.Now())}, size: 1}}
		live, told := pipeline.NewLive(weekly(t)), make(chan uint64, 2)
		watch(t, live.Current().Set, memory.New(), source, func(w *pipeline.Worker) {
			w.Rules = live
			w.Observer = pipeline.Observer{Committed: func(_ int, b pipeline.BatchStats) { told <- b.Edition }}
		})
		if first := <-told; first != 1 {
			t.Errorf("the first batch is of edition %d", first)
		}
		live.Publish(weekly(t))
		if next := <-told; next != 2 {
			t.Errorf("after the change the idle shard is at edition %d", next)
		}
	})
}

// meddler is a Source that publishes rules while the worker is at work on
// the records before.
type meddler struct {
	pipeline.Source
	meddle func()
}

func (m *meddler) Fetch(ctx context.Context) (pipeline.Batch, error) {
	m.meddle()
	return m.Source.Fetch(ctx)
}

// TestRulesAreSwappedUnderWorkers swaps between two rule sets, one of which
// has more segments and mixes up their positions, while workers run and the
// sample is drawn. Touched under the last of them, every profile must be
// where the oracle says.
func TestRulesAreSwappedUnderWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var ids, more []string
	for i := range 12 {
		ids, more = append(ids, fmt.Sprintf("s%02d", i)), append(more, fmt.Sprintf("r%02d", i))
	}
	texts := generate.Set(r, ids)
	fewer := make([]rules.Segment, 0, len(ids))
	for _, id := range ids {
		fewer = append(fewer, rules.NewSegment(id, texts[id]))
	}
	all := slices.Clone(fewer)
	for id, text := range generate.Set(r, more) {
		all = append(all, rules.NewSegment(id, text))
	}
	sets := []*rules.Set{compile(t, fewer), compile(t, all)}
	log, err := oracle.NewLog(texts)
	if err != nil {
		t.Fatal(err)
	}
	profiles := []string{"a", "b", "c", "d", "e"}
	var records []pipeline.Record
	clock := generate.Start
	add := func(profiles []string) {
		ev := generate.Event(r, profiles, clock)
		ev.MessageID = "" // a repeat would touch nothing
		clock = max(clock, ev.Arrival)
		records = append(records, pipeline.Record{Offset: int64(len(records)), Value: generate.Record(&ev, nil)})
		log.Apply(&ev)
	}
	for range 300 {
		add(profiles)
	}
	mixed := len(records)
	for _, id := range profiles {
		add([]string{id})
	}

	store, live, sample := memory.New(), pipeline.NewLive(sets[0]), pipeline.NewSample()
	editions, stop := map[uint64]bool{}, make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				sample.Draw(sets[1].Schema(), sets[1].IDs())
			}
		}
	})
	run := func(records []pipeline.Record, meddle func()) {
		t.Helper()
		drive(t, store, nil, records, 4, func(w *pipeline.Worker) {
			w.Rules, w.Sample = live, sample
			w.Observer.Committed = func(_ int, b pipeline.BatchStats) { editions[b.Edition] = true }
			open := w.Open
			w.Open = func(ctx context.Context, partition int, offset int64, anchor pipeline.Anchor) (pipeline.Source, error) {
				source, err := open(ctx, partition, offset, anchor)
				return &meddler{source, meddle}, err
			}
		})
	}
	turn := 0
	run(records[:mixed], func() {
		turn++
		live.Publish(sets[turn%2])
	})
	live.Publish(sets[0])
	run(records, func() {})
	close(stop)
	drawing.Wait()

	expectVersions(t, store.Outbox(0))
	for _, id := range ids {
		if got, want := store.Members(id), log.Oracle().Members(id); !slices.Equal(got, want) {
			t.Errorf("the members of %s are %q, the oracle's %q", id, got, want)
		}
	}
	for _, id := range more {
		if got := store.Members(id); len(got) > 0 {
			t.Errorf("the members of %s, which is no more, are %q", id, got)
		}
	}
	if len(editions) < 10 {
		t.Errorf("only the editions %v were applied", editions)
	}
}

// TestFirstRuleToReadContexts publishes a rule that is the first to ask for
// the context of events, when the next batch was read already and maybe
// decoded too. Every event that is applied under the rule must count.
func TestFirstRuleToReadContexts(t *testing.T) {
	first := rules.NewSegment("bought", `count(events("Bought")) > 0`)
	sets := []*rules.Set{compile(t, []rules.Segment{first}), compile(t, []rules.Segment{first, rules.NewSegment("mobile", `any(events("Bought"), .context.device.type == "mobile")`)})}
	for publishAt := range 6 {
		var records []pipeline.Record
		for i := range 20 {
			record := fmt.Sprintf(`{"type":"track","userId":"u%02d","event":"Bought","receivedAt":"2026-11-21T10:00:%02dZ","context":{"device":{"type":"mobile"}}}`, i, i)
			records = append(records, pipeline.Record{Offset: int64(i), Value: []byte(record)})
		}
		store, live, fetched := memory.New(), pipeline.NewLive(sets[0]), make(chan struct{}, 100)
		var under []uint64 // edition, by record
		commits := 0
		drive(t, store, nil, records, 2, func(w *pipeline.Worker) {
			w.Rules = live
			w.Observer.Committed = func(_ int, b pipeline.BatchStats) {
				for range b.Records {
					under = append(under, b.Edition)
				}
				if <-fetched; commits == publishAt {
					live.Publish(sets[1])
				}
				commits++
			}
			open := w.Open
			w.Open = func(ctx context.Context, partition int, offset int64, anchor pipeline.Anchor) (pipeline.Source, error) {
				source, err := open(ctx, partition, offset, anchor)
				return &meddler{source, func() { fetched <- struct{}{} }}, err
			}
		})
		var want []string
		for i, edition := range under {
			if edition == 2 {
				want = append(want, fmt.Sprintf("u%02d", i))
			}
		}
		if got := store.Members("mobile"); !slices.Equal(got, want) || len(want) == 0 || len(want) == len(records) {
			t.Errorf("published at commit %d: %q, want %q", publishAt, got, want)
		}
	}
}
