package metamorphic

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/rules"
	"muster/test/kit/generate"
	"muster/test/kit/ruleset"
)

// history is rules and what happens to some profiles.
type history struct {
	texts  map[string]string
	set    *rules.Set
	groups [][]event.Event // the events of each record
}

// shape says what history to draw.
type shape struct {
	rules    int
	profiles int
	records  int
	// forward lets no record arrive before the one ahead of it.
	forward bool
	// most bounds how long after the one ahead of it a record arrives, in
	// milliseconds; 0 for no bound.
	most int64
	// single puts every event into a record of its own.
	single bool
	// without is what no rule may hold, "" for none.
	without string
}

// steps are rules that every history has beside its random ones: of the
// words that matter in the order of events.
var steps = []string{
	`abandoned(events("Cart Added"), events("Order Completed"), "1h")`,
	`abandoned(events("Page Viewed"), events("*"), "3d")`,
	`sequence("1d", events("Cart Added"), events("Order Completed"))`,
	`sequence("30d", events("Signed Up"), filter(events("Page Viewed"), .price > 5), events("Order*"), events("Order Refunded"))`,
	`sequence("2w", events("*"), events("*"), events("*"), events("*"), events("*"), events("*"))`,
	`not sequence("15m", events("Screen Viewed"), events("*"))`,
}

// usual is a history that moves a lot, and long is one of more records than
// a batch may hold. Feeding them takes some tens of milliseconds.
var (
	usual = shape{rules: 25, profiles: 8, records: 250}
	long  = shape{rules: 25, profiles: 12, records: 520}
)

// seeds are those that a relation is tested with.
func seeds() []uint64 {
	if testing.Short() {
		return []uint64{1}
	}
	return []uint64{1, 2, 3}
}

// each runs a test on one history a seed.
func each(t *testing.T, s shape, test func(t *testing.T, h *history)) {
	for _, seed := range seeds() {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { test(t, draw(t, s, seed)) })
	}
}

func draw(t *testing.T, s shape, seed uint64) *history {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	h := &history{texts: map[string]string{}}
	var ids []string
	for i := range s.rules {
		id, text := fmt.Sprintf("s%02d", i), generate.Rule(r, 1+r.IntN(3), ids)
		for s.without != "" && strings.Contains(text, s.without) {
			text = generate.Rule(r, 1+r.IntN(3), ids)
		}
		h.texts[id], ids = text, append(ids, id)
	}
	for i, text := range steps {
		h.texts[fmt.Sprintf("t%d", i)] = text
	}
	h.set = ruleset.Compile(t, h.texts)
	profiles := make([]string, s.profiles)
	for i := range profiles {
		profiles[i] = fmt.Sprintf("p%02d", i)
	}
	clock := generate.Start
	for range s.records {
		ev := s.event(r, profiles, clock)
		group := []event.Event{ev}
		for clock = max(clock, ev.Arrival); !s.single && r.IntN(8) == 0; clock = max(clock, ev.Arrival) {
			ev = s.event(r, []string{ev.Profile}, clock)
			group = append(group, ev)
		}
		h.groups = append(h.groups, group)
	}
	return h
}

func (s *shape) event(r *rand.Rand, profiles []string, clock int64) event.Event {
	ev := generate.Event(r, profiles, clock)
	late := ev.Arrival - ev.Time
	if s.forward {
		ev.Arrival = max(ev.Arrival, clock)
	}
	if s.most > 0 {
		ev.Arrival = min(ev.Arrival, clock+s.most)
	}
	ev.Time = max(0, ev.Arrival-late)
	return ev
}

// records returns the history as a partition's log, with holes between the
// offsets as compaction leaves them. A record of several events is a batch,
// and every third is written as careless clients do.
func (h *history) records() []pipeline.Record { return spell(h.groups) }

func spell(groups [][]event.Event) []pipeline.Record {
	list := make([]pipeline.Record, len(groups))
	for i, group := range groups {
		texts := make([][]byte, len(group))
		for j := range group {
			texts[j] = generate.Record(&group[j], nil)
			if i%3 == 2 {
				texts[j] = generate.Odd(rand.New(rand.NewPCG(uint64(i), uint64(j))), &group[j])
			}
		}
		value := texts[0]
		if len(texts) > 1 {
			value = fmt.Appendf(nil, `{"batch":[%s]}`, bytes.Join(texts, []byte(",")))
		}
		list[i] = pipeline.Record{Offset: int64(3 * i), Key: []byte(group[0].Profile), Value: value}
	}
	return list
}

// end is the latest arrival.
func (h *history) end() int64 {
	var end int64
	for _, group := range h.groups {
		for i := range group {
			end = max(end, group[i].Arrival)
		}
	}
	return end
}

// spellLog writes a change log in the order it has, a line each.
func spellLog(changes []pipeline.Change) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%d %s version %d: %s entered %t by %s\n", c.At, c.Profile, c.Version, c.Segment, c.Entered, c.Cause)
	}
	return b.String()
}

// ordered returns the changes by instant, profile and version: the order
// that shards have between each other.
func ordered(changes ...[]pipeline.Change) []pipeline.Change {
	all := slices.Concat(changes...)
	slices.SortFunc(all, func(a, b pipeline.Change) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Profile, b.Profile), cmp.Compare(a.Version, b.Version))
	})
	return all
}

// mustEqual fails at the first line in which two logs differ, and when
// there is nothing to compare.
func mustEqual(t *testing.T, got, want []pipeline.Change) {
	t.Helper()
	if len(want) < 10 {
		t.Fatalf("a log of %d changes says nothing", len(want))
	}
	texts := [2]string{spellLog(got), spellLog(want)}
	if texts[0] == texts[1] {
		return
	}
	a, b := strings.Split(texts[0], "\n"), strings.Split(texts[1], "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("change %d of %d and %d: got %q, want %q", i, len(got), len(want), a[i], b[i])
		}
	}
}
