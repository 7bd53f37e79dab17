package pipeline_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/oracle"
)

// editions are rule sets one after the other: in the last one a window has
// become longer, a segment has come back that was gone, and two are new.
var editions = []map[string]string{
	{"wide": `count(events("A", "7d")) >= 2`, "back": `sum(events("B", "60d"), .price) > 60`},
	{"wide": `count(events("A", "7d")) >= 2`},
	{
		"wide": `count(events("A", "30d")) >= 3`, "back": `sum(events("B", "60d"), .price) > 60`,
		"fresh":   `count(events("C")) >= 4 and first(events("C")).price < 5`,
		"patient": `held(count(events("A", "20d")) >= 2 or segment("fresh"), "9d")`,
	},
}

func compileTexts(t *testing.T, texts map[string]string) *rules.Set {
	t.Helper()
	var segments []rules.Segment
	for id, text := range texts {
		segments = append(segments, rules.NewSegment(id, text))
	}
	return compile(t, segments)
}

// purchases are events of some profiles over two months, in order of arrival,
// some of them late.
func purchases(r *rand.Rand, n int) []event.Event {
	var log []event.Event
	for i := range n {
		arrival := noon + int64(i)*60*24*60*minute/int64(n)
		log = append(log, event.Event{
			Type: event.Track, Profile: fmt.Sprint("user ", r.IntN(8)), Name: string(rune('A' + r.IntN(3))), MessageID: fmt.Sprint("m", i),
			Arrival: arrival, Time: arrival - int64(r.IntN(3)/2*r.IntN(20*24*60))*minute,
			Body: event.ObjectOf([]event.Value{event.StringOf("price"), event.NumberOf(float64(r.IntN(20)))}),
		})
	}
	return log
}

// edited is a shard whose rules change while its log goes on.
type edited struct {
	t      *testing.T
	set    *rules.Set // the first
	driver *pipeline.Driver
	store  *memory.Store
	next   int64
	refuse string
}

func newEdited(t *testing.T, set *rules.Set) *edited {
	t.Helper()
	e := &edited{t: t, set: set, store: memory.New()}
	state, err := e.store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	config := pipeline.Default()
	config.CacheBytes = 1
	e.driver = pipeline.NewDriver(set, config, state, pipeline.PortOf(e.store, 0))
	e.driver.Directed = func(_ int, refusal string) { e.refuse = refusal }
	return e
}

func (e *edited) serve(f *pipeline.Feed) {
	e.t.Helper()
	e.next++
	f.Offsets, f.Next = []int64{e.next}, e.next+1
	if err := e.driver.Serve(e.t.Context(), f); err != nil {
		e.t.Fatal(err)
	}
}

func (e *edited) apply(events ...event.Event) {
	e.t.Helper()
	for _, ev := range events {
		e.serve(&pipeline.Feed{Events: []event.Event{ev}})
	}
}

// direct follows a directive and returns why it was refused.
func (e *edited) direct(d directive.Directive) string {
	e.t.Helper()
	e.serve(&pipeline.Feed{Directives: []pipeline.Directed{{Offset: e.next + 1, Arrival: e.driver.Clock(), Directive: d}}})
	return e.refuse
}

func (e *edited) swap(set *rules.Set) {
	e.t.Helper()
	if err := e.driver.Swap(set); err != nil {
		e.t.Fatal(err)
	}
}

// patches evaluates the archive of every profile for a seam.
func patches(t *testing.T, set *rules.Set, log []event.Event, seam int64) []directive.Directive {
	t.Helper()
	var list []directive.Directive
	h := pastOf(t, set)
	for i := range 8 {
		id := fmt.Sprint("user ", i)
		h.Begin(id, seam)
		for _, ev := range log {
			if ev.Profile != id {
				continue
			}
			if _, err := h.Take(&ev); err != nil {
				t.Fatal(err)
			}
		}
		if d, ok := h.Patch("run"); ok {
			list = append(list, d)
		}
	}
	return list
}

// TestBackfillAfterEdits: whatever rules a shard had before, and whatever it
// still keeps of them, a run makes its members those of everything that ever
// happened, and its segments are not marked any more. Without the run some
// shards have others.
func TestBackfillAfterEdits(t *testing.T) {
	lacking := 0
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 18))
		log := purchases(r, 200)
		texts := editions[len(editions)-1]
		want, err := oracle.New(texts)
		if err != nil {
			t.Fatal(err)
		}
		for i := range log {
			want.Apply(&log[i])
		}
		e := afterEdits(t, log[:130])
		e.apply(log[130:]...)
		if !agrees(e, want, texts) {
			lacking++
		}
		e = afterEdits(t, log[:130])
		e.backfill(r, compileTexts(t, texts), log, 130)
		if e.refuse != "" || len(e.driver.Marks()) > 0 {
			t.Fatalf("seed %d: refused %q, marks %v", seed, e.refuse, e.driver.Marks())
		}
		if !agrees(e, want, texts) {
			t.Fatalf("seed %d: other members than of everything", seed)
		}
	}
	if lacking == 0 {
		t.Error("no shard lacked anything without its patches")
	}
}

// afterEdits is a shard that has gone through all editions.
func afterEdits(t *testing.T, log []event.Event) *edited {
	t.Helper()
	e := newEdited(t, compileTexts(t, editions[0]))
	e.apply(log[:60]...)
	e.swap(compileTexts(t, editions[1]))
	e.apply(log[60:90]...)
	e.swap(compileTexts(t, editions[2]))
	e.apply(log[90:]...)
	if len(e.driver.Marks()) != len(editions[2]) {
		t.Fatalf("marks %v", e.driver.Marks())
	}
	return e
}

// backfill goes on with the log from an event on, while a run brings what
// arrived before it.
func (e *edited) backfill(r *rand.Rand, set *rules.Set, log []event.Event, from int) {
	e.t.Helper()
	e.direct(directive.Directive{Kind: directive.Open, Run: "run", Series: pastOf(e.t, set).Series()})
	given := patches(e.t, set, log, e.driver.Seams()[0].At)
	r.Shuffle(len(given), func(i, j int) { given[i], given[j] = given[j], given[i] })
	for _, ev := range log[from:] {
		for len(given) > 0 && r.IntN(9) == 0 {
			e.direct(given[0])
			given = given[1:]
		}
		e.apply(ev)
	}
	for _, d := range given {
		e.direct(d)
	}
	e.direct(directive.Directive{Kind: directive.Close, Run: "run"})
}

// agrees reports whether the members are the oracle's.
func agrees(e *edited, want *oracle.Oracle, texts map[string]string) bool {
	for id := range texts {
		if !slices.Equal(e.store.Members(id), want.Members(id)) {
			return false
		}
	}
	return true
}

// TestEditsEndWhatARunGives: a series of which rules keep more than they did
// when the seam was opened is not given any more, as less was kept behind it.
// One that no rule asks for any more is passed over.
func TestEditsEndWhatARunGives(t *testing.T) {
	texts := map[string]string{"days": `count(events("A", "7d")) >= 2`, "ever": `count(events("B")) >= 2`}
	log := purchases(rand.New(rand.NewPCG(1, 18)), 200)
	seamed := func(t *testing.T, after map[string]string) (*edited, []directive.Directive) {
		set := compileTexts(t, texts)
		e := newEdited(t, set)
		e.apply(log[:50]...)
		if refusal := e.direct(directive.Directive{Kind: directive.Open, Run: "run", Series: pastOf(t, set).Series()}); refusal != "" {
			t.Fatal(refusal)
		}
		e.swap(compileTexts(t, after))
		e.apply(log[50:60]...)
		return e, patches(t, set, log, e.driver.Seams()[0].At)
	}
	e, given := seamed(t, map[string]string{"days": `count(events("A", "9d")) >= 2`, "ever": texts["ever"]})
	if refusal := e.direct(given[0]); !strings.Contains(refusal, "the rules have changed") {
		t.Errorf("a longer window: %q", refusal)
	}
	e, given = seamed(t, map[string]string{"ever": texts["ever"]})
	if refusal := e.direct(given[0]); refusal != "" {
		t.Errorf("a segment that is gone: %q", refusal)
	}
	e.swap(compileTexts(t, texts))
	e.apply(log[60:61]...)
	if refusal := e.direct(given[1]); !strings.Contains(refusal, "the rules have changed") {
		t.Errorf("a segment that was gone: %q", refusal)
	}
	e, given = seamed(t, map[string]string{"days": `not (count(events("A", "7d")) >= 2)`, "ever": texts["ever"]})
	for _, d := range given {
		if refusal := e.direct(d); refusal != "" {
			t.Errorf("another rule on the same series: %q", refusal)
		}
	}
}

// TestSeamsAreBounded: closed ones are forgotten, the oldest first, and all of
// them in the end.
func TestSeamsAreBounded(t *testing.T) {
	set := compileTexts(t, editions[0])
	e := newEdited(t, set)
	log := purchases(rand.New(rand.NewPCG(1, 18)), 60)
	series := pastOf(t, set).Series()
	for i, ev := range log[:20] {
		e.apply(ev)
		run := fmt.Sprintf("run %02d", i)
		e.direct(directive.Directive{Kind: directive.Open, Run: run, Series: series})
		e.direct(directive.Directive{Kind: directive.Close, Run: run, Since: 0})
	}
	seams := e.driver.Seams()
	oldest := slices.MinFunc(seams, func(a, b pipeline.Seam) int { return cmp.Compare(a.At, b.At) })
	if len(seams) != 16 || oldest.Run != "run 04" {
		t.Errorf("%d seams from %q on", len(seams), oldest.Run)
	}
	state, err := e.store.Open(t.Context(), 0)
	if err != nil || !slices.EqualFunc(pipeline.SeamsOf(state.Catalog), seams, func(a, b pipeline.Seam) bool {
		return a.Run == b.Run && a.At == b.At && a.Closed && b.Closed && slices.Equal(a.Series, b.Series)
	}) {
		t.Errorf("stored are %+v, %v", pipeline.SeamsOf(state.Catalog), err)
	}
	e.driver = pipeline.NewDriver(set, pipeline.Default(), state, pipeline.PortOf(e.store, 0))
	late := log[len(log)-1]
	late.Arrival = log[19].Arrival + profile.SeamLife + 1
	e.apply(late)
	e.direct(directive.Directive{Kind: directive.Open, Run: "last", Series: series})
	if seams := e.driver.Seams(); len(seams) != 1 || seams[0].Run != "last" {
		t.Errorf("a month later there are %+v", seams)
	}
}

// TestSwapIsARestartAcrossSeams: whoever opens a shard with other rules while
// a run goes on leads it to the same changes and the same profiles as who
// swaps them.
func TestSwapIsARestartAcrossSeams(t *testing.T) {
	for seed := range uint64(10) {
		var ends []string
		for _, restarts := range []bool{false, true} {
			r := rand.New(rand.NewPCG(seed, 19))
			log := purchases(r, 200)
			set, after := compileTexts(t, editions[2]), maps.Clone(editions[2])
			after["more"] = `count(events("C", "20d")) >= 2`
			e := newEdited(t, set)
			e.apply(log[:100]...)
			e.direct(directive.Directive{Kind: directive.Open, Run: "run", Series: pastOf(t, set).Series()})
			given := patches(t, set, log, e.driver.Seams()[0].At)
			e.apply(log[100:120]...)
			for _, d := range given[:3] {
				e.direct(d)
			}
			e.takeOver(compileTexts(t, after), restarts)
			e.apply(log[120:140]...)
			for _, d := range given {
				if refusal := e.direct(d); refusal != "" {
					t.Fatal(refusal)
				}
			}
			e.direct(directive.Directive{Kind: directive.Close, Run: "run"})
			e.takeOver(set, restarts)
			e.apply(log[140:]...)
			ends = append(ends, fmt.Sprintf("%+v %+v %s", e.store.Outbox(0), e.driver.Seams(), stored(t, set, e.store)))
		}
		if ends[0] != ends[1] {
			t.Fatalf("seed %d: a swap ends as\n%s\na restart as\n%s", seed, ends[0], ends[1])
		}
	}
}

// takeOver goes on with other rules, by a swap or by another owner.
func (e *edited) takeOver(set *rules.Set, restarts bool) {
	e.t.Helper()
	if !restarts {
		e.swap(set)
		return
	}
	state, err := e.store.Open(e.t.Context(), 0)
	if err != nil {
		e.t.Fatal(err)
	}
	e.driver = pipeline.NewDriver(set, pipeline.Default(), state, pipeline.PortOf(e.store, 0))
	e.driver.Directed = func(_ int, refusal string) { e.refuse = refusal }
}
