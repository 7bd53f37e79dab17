package pipeline_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

const day = 24 * 60 * minute

// says has ann say what her plan is, so many days from noon.
func says(plan string, happens, arrives int64) event.Event {
	return event.Event{
		Type: event.Identify, Profile: "ann", Time: noon + happens*day, Arrival: noon + arrives*day,
		MessageID: fmt.Sprint(plan, " ", happens),
		Body:      event.ObjectOf([]event.Value{event.StringOf("plan"), event.StringOf(plan)}),
	}
}

// TestSinceWhenIsToldByHistory: ann has been pro for long enough, or not, by
// what the archive has up to the seam at day 0, what the shard got of it
// before, and what comes behind it before the patch does at day 4.
func TestSinceWhenIsToldByHistory(t *testing.T) {
	loyal := []rules.Segment{rules.NewSegment("loyal", `held(traits.plan == "pro", "10d")`)}
	for _, test := range []struct {
		name            string
		archive, behind []event.Event
		before          []int // of the archive, what the shard got itself
		want            string
	}{
		{"true for long, and nothing else", []event.Event{says("pro", -20, -20)}, nil, nil, "enters 4 by backfill"},
		{"true for as long as to the day after", []event.Event{says("pro", -5, -5)}, nil, nil, "enters 5 by time"},
		{"since an event arrived, and not since it happened", []event.Event{says("pro", -20, -5)}, nil, nil, "enters 5 by time"},
		{"broken and begun again behind the seam", []event.Event{says("pro", -20, -20)},
			[]event.Event{says("free", 1, 1), says("pro", 2, 2)}, nil, "enters 12 by time"},
		{"ended behind the seam", []event.Event{says("pro", -20, -20)}, []event.Event{says("free", 1, 1)}, nil, ""},
		{"said again behind the seam", []event.Event{says("pro", -20, -20)}, []event.Event{says("pro", 1, 1)}, nil, "enters 4 by backfill"},
		{"ended by what came late behind the seam", []event.Event{says("pro", -20, -20)}, []event.Event{says("free", -10, 1)}, nil, ""},
		{"what came late was older than history", []event.Event{says("pro", -20, -20)}, []event.Event{says("free", -30, 1)}, nil, "enters 4 by backfill"},
		{"what came late and was older than history broke nothing, and what was said then did",
			[]event.Event{says("pro", -20, -20)}, []event.Event{says("free", -30, 1), says("free", 2, 2), says("pro", 3, 3)}, nil, "enters 13 by time"},
		{"the shard knew a later begin", []event.Event{says("pro", -20, -20), says("pro", -3, -3)}, nil, []int{1}, "enters 4 by backfill"},
		{"the shard knew an earlier begin", []event.Event{says("pro", -20, -20), says("free", -6, -6), says("pro", -5, -5)}, nil, []int{0},
			"enters -10 by time, leaves 4 by backfill, enters 5 by time"},
		{"the shard knew all", []event.Event{says("pro", -20, -20)}, nil, []int{0}, "enters -10 by time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEdited(t, compile(t, loyal))
			for _, i := range test.before {
				e.apply(test.archive[i])
			}
			e.ownDirect(directive.Directive{Kind: directive.Open, Run: "run", Series: pastOf(t, compile(t, loyal)).Series()}, 0)
			patch := e.patchOf("ann", test.archive)
			e.apply(test.behind...)
			for range 2 { // what comes again changes nothing
				e.ownDirect(patch, 4)
			}
			e.ownDirect(directive.Directive{Kind: directive.Close, Run: "run"}, 5)
			e.apply(event.Event{Type: event.Track, Profile: "bob", Name: "A", Time: noon + 60*day, Arrival: noon + 60*day})
			var got []string
			for _, c := range e.store.Outbox(0) {
				did := map[bool]string{true: "enters", false: "leaves"}[c.Entered]
				got = append(got, fmt.Sprintf("%s %d by %s", did, (c.At-noon)/day, c.Cause))
			}
			if text := strings.Join(got, ", "); text != test.want {
				t.Errorf("ann %q, want %q", text, test.want)
			}
		})
	}
}

// ownDirect follows a directive so many days from noon.
func (e *edited) ownDirect(d directive.Directive, at int64) {
	e.t.Helper()
	e.apply(event.Event{Type: event.Track, Profile: "clock", Name: "tick", Time: noon + at*day, Arrival: noon + at*day})
	if refusal := e.direct(d); refusal != "" {
		e.t.Fatal(refusal)
	}
}

// patchOf evaluates the archive of a profile up to the seam.
func (e *edited) patchOf(id string, archive []event.Event) directive.Directive {
	e.t.Helper()
	past := pastOf(e.t, e.set)
	past.Begin(id, e.driver.Seams()[0].At)
	for i := range archive {
		if _, err := past.Take(&archive[i]); err != nil {
			e.t.Fatal(err)
		}
	}
	d, ok := past.Patch("run")
	if !ok {
		e.t.Fatal("there is no patch")
	}
	return d
}

// TestARunTellsOfItsOwnConditions: of conditions that no given segment has,
// one that a patch makes true is true since the patch was merged.
func TestARunTellsOfItsOwnConditions(t *testing.T) {
	set := compile(t, []rules.Segment{
		rules.NewSegment("given", `held(count(events("A")) > 0, "10d")`), rules.NewSegment("other", `held(count(events("A")) > 1, "10d")`),
	})
	past, err := pipeline.NewPast(set, profile.Default(), []string{"given"})
	if err != nil {
		t.Fatal(err)
	}
	e := newEdited(t, set)
	e.ownDirect(directive.Directive{Kind: directive.Open, Run: "run", Series: past.Series()}, 0)
	past.Begin("ann", e.driver.Seams()[0].At)
	for i := range int64(3) {
		at := noon - (20-i)*day
		if _, err := past.Take(&event.Event{Type: event.Track, Profile: "ann", Name: "A", Time: at, Arrival: at}); err != nil {
			t.Fatal(err)
		}
	}
	patch, _ := past.Patch("run")
	e.ownDirect(patch, 1)
	if given, other := e.store.Members("given"), e.store.Members("other"); !slices.Equal(given, []string{"ann"}) || len(other) > 0 {
		t.Errorf("at once: %v, %v", given, other)
	}
	e.ownDirect(directive.Directive{Kind: directive.Close, Run: "run"}, 11)
	if other := e.store.Members("other"); !slices.Equal(other, []string{"ann"}) {
		t.Errorf("ten days after the patch: %v", other)
	}
}

// TestEditsEndWhatARunTells: a condition that may mean something else than when
// the seam was opened is not told of any more; one that is gone is passed over;
// edits of other segments change nothing.
func TestEditsEndWhatARunTells(t *testing.T) {
	texts := map[string]string{
		"pro": `traits.plan == "pro"`, "loyal": `held(segment("pro") and count(events("A")) > 1, "3d")`, "more": `count(events("B")) > 1`,
	}
	log := purchases(rand.New(rand.NewPCG(1, 18)), 200)
	for name, test := range map[string]struct {
		edit map[string]string
		says string
	}{
		"a segment that it mentions": {map[string]string{"pro": `traits.plan == "max"`}, "the rules have changed, begin another run"},
		"another condition":          {map[string]string{"loyal": `held(segment("pro") and count(events("A")) > 2, "3d")`}, ""},
		"another duration":           {map[string]string{"loyal": `held(segment("pro") and count(events("A")) > 1, "4d")`}, "the rules have changed"},
		"another segment":            {map[string]string{"more": `count(events("B")) > 2`}, ""},
		"another one has it too":     {map[string]string{"new": `held(segment("pro") and count(events("A")) > 1, "9d")`}, ""},
		"the segment is gone":        {map[string]string{"loyal": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			set := compileTexts(t, texts)
			e := newEdited(t, set)
			e.apply(log[:50]...)
			if refusal := e.direct(directive.Directive{Kind: directive.Open, Run: "run", Series: pastOf(t, set).Series()}); refusal != "" {
				t.Fatal(refusal)
			}
			given := patches(t, set, log, e.driver.Seams()[0].At)
			after := maps.Clone(texts)
			maps.Copy(after, test.edit)
			maps.DeleteFunc(after, func(_, text string) bool { return text == "" })
			e.swap(compileTexts(t, after))
			e.apply(log[50:60]...)
			if refusal := e.direct(given[0]); test.says == "" && refusal != "" || !strings.Contains(refusal, test.says) {
				t.Errorf("refused: %q, want %q", refusal, test.says)
			}
		})
	}
}

// TestAWayThatIsTooLongIsRefused: a profile with more behind the seam than its
// bound takes no patch that tells of conditions, and nothing of it changes.
func TestAWayThatIsTooLongIsRefused(t *testing.T) {
	set := compile(t, []rules.Segment{rules.NewSegment("loyal", `held(count(events("A")) > 0, "10d")`)})
	e := newEdited(t, set)
	config := pipeline.Default()
	config.Profiles.StateBytes = 4096
	state, err := e.store.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	e.driver = pipeline.NewDriver(set, config, state, pipeline.PortOf(e.store, 0))
	e.driver.Directed = func(_ int, refusal string) { e.refuse = refusal }
	e.ownDirect(directive.Directive{Kind: directive.Open, Run: "run", Series: pastOf(t, set).Series()}, 0)
	patch := e.patchOf("ann", []event.Event{says("pro", -20, -20)})
	for i := range int64(300) {
		at := noon + 1 + i
		e.apply(event.Event{Type: event.Track, Profile: "ann", Name: "A", Time: at, Arrival: at})
	}
	if refusal := e.direct(patch); !strings.Contains(refusal, "take more than pipeline.profiles.state_bytes, which is 4096: raise it, and begin another run") {
		t.Errorf("refused: %q", refusal)
	}
	e.ownDirect(directive.Directive{Kind: directive.Close, Run: "run"}, 11)
	if got := e.store.Members("loyal"); !slices.Equal(got, []string{"ann"}) {
		t.Errorf("by the shard's own knowledge: %v", got)
	}
}
