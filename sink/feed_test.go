package sink_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/rules"
	"muster/sink"
	"muster/stream"
	"muster/test/kit/generate"
)

// feed applies events to all shards of a store with the real engine, as the
// workers do, and commits now and then.
type feed struct {
	owner  func(string) int
	shards []*pipeline.Driver
	next   []int64
}

// feeding opens all shards under a rule set.
func feeding(t *testing.T, store *sink.Store, set *rules.Set, shards int) *feed {
	t.Helper()
	f := &feed{owner: owner(t, shards)}
	config := pipeline.Default()
	config.CacheBytes, config.Timers = 0, 10
	for shard := range shards {
		state, err := store.Open(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		f.shards = append(f.shards, pipeline.NewDriver(set, config, state, pipeline.PortOf(store, shard)))
		f.next = append(f.next, max(0, state.Next))
	}
	return f
}

func owner(t *testing.T, shards int) func(string) int {
	t.Helper()
	p, err := stream.NewPartitioner(stream.Murmur2, shards)
	if err != nil {
		t.Fatal(err)
	}
	return p.Partition
}

// apply applies events and commits every tenth of a shard.
func (f *feed) apply(t *testing.T, events []event.Event) {
	t.Helper()
	for i := range events {
		shard := f.owner(events[i].Profile)
		if _, err := f.shards[shard].Apply(t.Context(), &events[i]); err != nil {
			t.Fatal(err)
		}
		if f.next[shard]++; f.next[shard]%10 == 0 {
			f.commit(t, shard)
		}
	}
	for shard := range f.shards {
		f.commit(t, shard)
	}
}

// advance moves every shard's time, and stores it also where nothing follows.
func (f *feed) advance(t *testing.T, until int64) {
	t.Helper()
	for shard := range f.shards {
		if err := f.shards[shard].Advance(t.Context(), until); err != nil {
			t.Fatal(err)
		}
		if err := f.shards[shard].Commit(t.Context(), f.next[shard]); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *feed) commit(t *testing.T, shard int) {
	t.Helper()
	if f.shards[shard].Pending() == 0 {
		return
	}
	if err := f.shards[shard].Commit(t.Context(), f.next[shard]); err != nil {
		t.Fatal(err)
	}
}

// history draws events that arrive in order of time, so that the number of
// shards makes no difference to anybody.
type history struct {
	r        *rand.Rand
	profiles []string
	clock    int64
}

func newHistory(seed uint64, profiles int) *history {
	h := &history{r: rand.New(rand.NewPCG(seed, 5)), clock: generate.Start}
	for i := range profiles {
		h.profiles = append(h.profiles, fmt.Sprintf("p-%d", i))
	}
	return h
}

func (h *history) events(n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		e := generate.Event(h.r, h.profiles, h.clock)
		e.Arrival = max(e.Arrival, h.clock)
		h.clock, events[i] = e.Arrival, e
	}
	return events
}

// rules draws a rule set; one segment in four keeps no member set.
func (h *history) rules(t *testing.T, n int) *rules.Set {
	t.Helper()
	var segments []rules.Segment
	var ids []string
	for i := range n {
		id := fmt.Sprintf("s%02d", i)
		segment := rules.NewSegment(id, generate.Rule(h.r, 2, ids))
		segment.Members = i%4 > 0
		segments, ids = append(segments, segment), append(ids, id)
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// held is what a deployment holds, in terms that do not depend on its shards.
type held struct {
	Changes map[string][]pipeline.Change // by profile
	Members map[string][]string
	Sizes   map[string]int64
	Timers  map[string]int64
}

// holding reads it, and raises the epochs.
func holding(t *testing.T, store *sink.Store, ids []string, shards int) held {
	t.Helper()
	h := held{map[string][]pipeline.Change{}, map[string][]string{}, map[string]int64{}, map[string]int64{}}
	for shard := range shards {
		for _, e := range outbox(t, store, shard) {
			h.Changes[e.Change.Profile] = append(h.Changes[e.Change.Profile], e.Change)
		}
		state, err := store.Open(t.Context(), shard)
		if err != nil {
			t.Fatal(err)
		}
		for _, timer := range state.Timers {
			h.Timers[timer.Profile] = timer.At
		}
	}
	for _, id := range ids {
		err := store.Members(t.Context(), id, func(profile string) error {
			h.Members[id] = append(h.Members[id], profile)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(h.Members[id])
		h.Members[id] = slices.Compact(h.Members[id])
	}
	sizes, err := store.Sizes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for id, size := range sizes {
		if size != 0 {
			h.Sizes[id] = size
		}
	}
	return h
}
