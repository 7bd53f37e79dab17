package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// world is a partition's log, the rules, and what the oracle says of them.
type world struct {
	set     *rules.Set
	records []pipeline.Record
	want    []pipeline.Change
	members map[string][]string
}

func newWorld(t *testing.T, seed uint64, n int) *world {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 2))
	w := &world{members: map[string][]string{}}
	texts, ids := map[string]string{}, []string{}
	var segments []rules.Segment
	for i := range 30 {
		id := fmt.Sprintf("s%02d", i)
		texts[id] = generate.Rule(r, 2, ids)
		segments, ids = append(segments, rules.NewSegment(id, texts[id])), append(ids, id)
	}
	w.set = compile(t, segments)
	log, err := oracle.NewLog(texts)
	if err != nil {
		t.Fatal(err)
	}
	clock := generate.Start
	for i := range n {
		ev := generate.Event(r, []string{"a", "b", "c", "d", "e"}, clock)
		clock = max(clock, ev.Arrival)
		w.records = append(w.records, pipeline.Record{Offset: int64(3 * i), Value: generate.Record(&ev, nil)})
		for _, c := range log.Apply(&ev) {
			w.want = append(w.want, pipeline.Change{
				Segment: c.Segment, Profile: c.Profile, Entered: c.Entered, At: c.At, Version: c.Version, Cause: pipeline.Cause(c.Cause),
			})
		}
	}
	for _, id := range ids {
		w.members[id] = log.Oracle().Members(id)
	}
	return w
}

func compile(t *testing.T, segments []rules.Segment) *rules.Set {
	t.Helper()
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// errEnd ends a worker that has read the whole log.
var errEnd = errors.New("end of the log")

// tape is a Source over records, in batches of a size, that ends at a length.
type tape struct {
	records []pipeline.Record
	size    int
	next    int64
}

func (s *tape) Fetch(context.Context) (pipeline.Batch, error) {
	from := slices.IndexFunc(s.records, func(r pipeline.Record) bool { return r.Offset >= s.next })
	if from < 0 {
		return pipeline.Batch{}, errEnd
	}
	batch := s.records[from:min(from+s.size, len(s.records))]
	s.next = batch[len(batch)-1].Offset + 1
	return pipeline.Batch{Records: batch, Next: s.next, High: s.records[len(s.records)-1].Offset + 1}, nil
}

func (s *tape) Close() error { return nil }

// letters is a DeadLetters that keeps them.
type letters struct {
	mu   sync.Mutex
	kept []pipeline.DeadLetter
}

func (l *letters) Write(_ context.Context, more []pipeline.DeadLetter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range more {
		one.Value = slices.Clone(one.Value)
		l.kept = append(l.kept, one)
	}
	return nil
}

// newWorker returns the worker of a topic of one partition, on which arrival
// times are believed. Tests change what they need otherwise.
func newWorker(store pipeline.Store, set *rules.Set, records []pipeline.Record, size int) *pipeline.Worker {
	return &pipeline.Worker{
		Config: pipeline.Default(), Rules: pipeline.NewLive(set), Store: store, Dead: &letters{}, Topic: "events",
		Owner: func(string) int { return 0 },
		Wall:  func() int64 { return 0 },
		Open: func(_ context.Context, _ int, offset int64, _ pipeline.Anchor) (pipeline.Source, error) {
			return &tape{records: records, size: size, next: offset}, nil
		},
	}
}

// drive runs a worker over the records until it has committed them all.
func drive(t *testing.T, store pipeline.Store, set *rules.Set, records []pipeline.Record, size int, change func(*pipeline.Worker)) *letters {
	t.Helper()
	w, dead := newWorker(store, set, records, size), &letters{}
	w.Dead = dead
	if change != nil {
		change(w)
	}
	if err := w.Run(t.Context(), 0); !errors.Is(err, errEnd) {
		t.Fatalf("Run: %v", err)
	}
	return dead
}

func (w *world) check(t *testing.T, store *memory.Store) {
	t.Helper()
	got := store.Outbox(0)
	for i := range max(len(got), len(w.want)) {
		if i >= len(got) || i >= len(w.want) || got[i] != w.want[i] {
			t.Fatalf("change %d of %d: got %+v, want %+v", i, len(w.want), at(got, i), at(w.want, i))
		}
	}
	for id, want := range w.members {
		if got := store.Members(id); !slices.Equal(got, want) {
			t.Errorf("members of %s: got %v, want %v", id, got, want)
		}
		if got := store.Sizes()[id]; got != int64(len(want)) {
			t.Errorf("size of %s: got %d, want %d", id, got, len(want))
		}
	}
}

func at(list []pipeline.Change, i int) any {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

// TestWorkerIsTheSameHoweverItRuns proves that batch sizes, cache bounds,
// timer turns and restarts at any place change nothing.
func TestWorkerIsTheSameHoweverItRuns(t *testing.T) {
	w := newWorld(t, 1, 300)
	for _, size := range []int{1, 7, 500} {
		for name, change := range map[string]func(*pipeline.Worker){
			"plain":      nil,
			"tiny cache": func(w *pipeline.Worker) { w.Config.CacheBytes = 1 },
			"one timer":  func(w *pipeline.Worker) { w.Config.Timers = 1 },
		} {
			t.Run(fmt.Sprintf("batches of %d, %s", size, name), func(t *testing.T) {
				store := memory.New()
				drive(t, store, w.set, w.records, size, change)
				w.check(t, store)
			})
		}
	}
	t.Run("restarts", func(t *testing.T) {
		store := memory.New()
		for end := 0; end < len(w.records); end += 17 {
			drive(t, store, w.set, w.records[:end+1], 5, nil)
		}
		drive(t, store, w.set, w.records, 5, nil)
		w.check(t, store)
	})
}

// failing is a Store whose n-th commit is lost.
type failing struct {
	pipeline.Store
	after int
}

func (f *failing) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	if f.after--; f.after < 0 {
		return errors.New("the store is gone")
	}
	return f.Store.Commit(ctx, shard, c)
}

func TestLostCommitIsRepeatedByTheNextOwner(t *testing.T) {
	w := newWorld(t, 2, 120)
	store := memory.New()
	for after := range 10 {
		worker := newWorker(&failing{store, after}, w.set, w.records, 1)
		if err := worker.Run(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "the store is gone") {
			t.Fatalf("Run: %v", err)
		}
	}
	drive(t, store, w.set, w.records, 50, nil)
	w.check(t, store)
}

func TestOlderOwnerIsFenced(t *testing.T) {
	w := newWorld(t, 3, 40)
	store := memory.New()
	fenced := false
	worker := newWorker(store, w.set, w.records, 10)
	worker.Observer = pipeline.Observer{Fenced: func(int, error) { fenced = true }}
	read := worker.Open
	worker.Open = func(ctx context.Context, partition int, offset int64, anchor pipeline.Anchor) (pipeline.Source, error) {
		if _, err := store.Share().Open(ctx, 0); err != nil {
			t.Error(err)
		}
		return read(ctx, partition, offset, anchor)
	}
	if err := worker.Run(t.Context(), 0); !errors.Is(err, pipeline.ErrFenced) || !fenced {
		t.Fatalf("Run: %v, fenced %v", err, fenced)
	}
	if n := len(store.Outbox(0)); n != 0 {
		t.Fatalf("%d changes of a fenced owner landed", n)
	}
}

// One profile gets an event under the new rules, the other one is swept.
func TestChangedRulesComeToEveryProfile(t *testing.T) {
	event := func(offset int64, user, plan string) pipeline.Record {
		return pipeline.Record{Offset: offset, Value: fmt.Appendf(nil,
			`{"type":"identify","userId":%q,"traits":{"plan":%q},"timestamp":"2026-11-01T00:00:0%dZ"}`, user, plan, offset)}
	}
	records := []pipeline.Record{event(0, "a", "pro"), event(1, "b", "pro"), event(2, "a", "pro")}
	store := memory.New()
	before := compile(t, []rules.Segment{rules.NewSegment("old", `traits.plan == "pro"`), rules.NewSegment("kept", `traits.plan != "free"`)})
	drive(t, store, before, records[:2], 10, nil)
	after := compile(t, []rules.Segment{rules.NewSegment("new", `traits.plan == "pro"`), rules.NewSegment("kept", `traits.plan == "free"`)})
	drive(t, store, after, records, 10, nil)
	var got []string
	for _, c := range store.Outbox(0)[4:] {
		got = append(got, fmt.Sprintf("%s %s %v %d", c.Profile, c.Segment, c.Entered, c.Version))
	}
	want := []string{"a old false 3", "a kept false 4", "a new true 5", "b old false 3", "b kept false 4", "b new true 5"}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if m := store.Members("old"); len(m) > 0 {
		t.Fatalf("members of the removed segment: %v", m)
	}
}

func TestWhatCannotBeAppliedIsDeadLettered(t *testing.T) {
	set := compile(t, []rules.Segment{rules.NewSegment("all", `profile.id != ""`)})
	record := func(offset int64, value string) pipeline.Record {
		return pipeline.Record{Offset: offset, Time: 1_790_000_000_000, Key: []byte("k"), Value: []byte(value)}
	}
	records := []pipeline.Record{
		record(0, `{"type":"track","userId":"a","event":"A"}`),
		record(1, `not json`),
		record(2, `{"batch":[{"type":"track","userId":"b","event":"A"},{"type":"track","event":"A"}]}`),
		record(3, `{"type":"track","userId":"elsewhere","event":"A"}`),
		record(4, `{"type":"identify","userId":"a","traits":{"x":1,"y":2,"z":3}}`),
		record(5, `{"type":"group","userId":"a","groupId":"g1"}`),
		record(6, `{"type":"group","userId":"a","groupId":"g2"}`),
	}
	store := memory.New()
	dead := drive(t, store, set, records, 3, func(w *pipeline.Worker) {
		w.Config.Profiles.Traits, w.Config.Profiles.Groups = 2, 1
		w.Owner = func(profile string) int { return len(profile) / 5 }
	})
	want := map[int64]string{
		1: "JSON", 2: "userId", 3: `profile "elsewhere" belongs to partition 1, not 0`, 4: "more than 2 traits", 6: "in 1 groups already",
	}
	for _, l := range dead.kept {
		if !strings.Contains(l.Reason, want[l.Offset]) || want[l.Offset] == "" {
			t.Errorf("offset %d: reason %q, want one with %q", l.Offset, l.Reason, want[l.Offset])
		}
		if l.Topic != "events" || string(l.Key) != "k" || len(l.Value) == 0 {
			t.Errorf("offset %d: %+v", l.Offset, l)
		}
		delete(want, l.Offset)
	}
	if len(want) > 0 {
		t.Errorf("no dead letters for %v", want)
	}
	if got := store.Members("all"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("members: %v", got)
	}
}

func TestWorkerLeavesWhenAsked(t *testing.T) {
	w := newWorld(t, 4, 60)
	store := memory.New()
	ctx, cancel := context.WithCancel(t.Context())
	worker := newWorker(store, w.set, w.records, 5)
	worker.Observer = pipeline.Observer{Committed: func(int, pipeline.BatchStats) { cancel() }}
	if err := worker.Run(ctx, 0); err != nil && !errors.Is(err, errEnd) {
		t.Fatalf("Run: %v", err)
	}
	drive(t, store, w.set, w.records, 5, nil)
	w.check(t, store)
}
