package pipeline_test

import (
	"fmt"
	"slices"
	"testing"

	"muster/catalogue"
	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
	"muster/test/kit/generate"
	"muster/test/kit/oracle"
)

// lookups are rules that ask the catalogue p: of events and of a trait.
var lookups = map[string]string{
	"bought": `any(events("A"), lookup("p", .sku).kind == "shoes")`,
	"earned": `sum(events("A"), sum(.items, lookup("p", .sku).margin * .n)) >= 10`,
	"likes":  `lookup("p", traits.sku).kind == "shoes"`,
	"last":   `lookup("p", last(events("A")).sku).margin > 3`,
}

// compileWith compiles lookups beside a table.
func compileWith(t *testing.T, file string) *rules.Set {
	t.Helper()
	table, mistakes := catalogue.Read([]byte(file), "sku")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	var segments []rules.Segment
	for id, text := range lookups {
		segments = append(segments, rules.NewSegment(id, text).Using(catalogue.Tables{"p": table}))
	}
	for i := range 6 { // so that the segments that a table changes are evaluated alone
		segments = append(segments, rules.NewSegment(fmt.Sprint("other-", i), fmt.Sprintf("traits.age > %d", i)))
	}
	return compile(t, segments)
}

// TestTableChanges: events are looked up in the table that was there when they
// arrived; what is looked up for anything else follows the table, for all
// profiles, by a sweep. The oracle says who is in then.
func TestTableChanges(t *testing.T) {
	const (
		before = "sku,kind,margin\nA,shoes,5\nB,vases,1\n"
		after  = "sku,kind,margin\nA,vases,1\nB,shoes,4\nC,shoes,9\n"
	)
	o, err := oracle.New(lookups)
	if err != nil {
		t.Fatal(err)
	}
	store, at, offset := memory.New(), generate.Start, int64(0)
	play := func(file string, round int) *pipeline.Driver {
		if err := o.Catalogue("p", "sku", file); err != nil {
			t.Fatal(err)
		}
		state, err := store.Open(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		d := pipeline.NewDriver(compileWith(t, file), pipeline.Default(), state, pipeline.PortOf(store, 0))
		d.Census = census{store}
		for d.Sweeping() {
			if err := d.Turn(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		expectMembers(t, store, o, fmt.Sprintf("round %d, after the sweep", round))
		feed := &pipeline.Feed{Last: true}
		for i, sku := range []string{"A", "B", "C", "D"} {
			for _, ev := range []*event.Event{boughtOne(fmt.Sprint("p", (i+round)%4), sku, at), likes(fmt.Sprint("p", i), sku, at)} {
				if round > 0 && i%2 == 1 {
					continue // some are not touched again
				}
				o.Apply(ev)
				feed.Events, feed.Offsets = append(feed.Events, *ev), append(feed.Offsets, offset)
				at, offset = at+1, offset+1
			}
		}
		feed.Next = offset
		if err := d.Serve(t.Context(), feed); err != nil {
			t.Fatal(err)
		}
		expectMembers(t, store, o, fmt.Sprintf("round %d, after the events", round))
		return d
	}
	play(before, 0)
	d := play(after, 1)
	if looked := d.Sweep(); looked.Looked != 4 {
		t.Errorf("the sweep has looked at %d profiles, want 4", looked.Looked)
	}
	play(before, 2)
	for _, c := range store.Outbox(0) {
		if (c.Segment == "bought" || c.Segment == "earned") && c.Cause == pipeline.CauseRules {
			t.Errorf("the table has rewritten the past: %+v", c)
		}
	}
}

func boughtOne(who, sku string, at int64) *event.Event {
	item := event.ObjectOf([]event.Value{event.StringOf("sku"), event.StringOf(sku), event.StringOf("n"), event.NumberOf(2)})
	body := event.ObjectOf([]event.Value{event.StringOf("sku"), event.StringOf(sku), event.StringOf("items"), event.ArrayOf([]event.Value{item})})
	return &event.Event{Type: event.Track, Name: "A", Profile: who, Time: at, Arrival: at, Body: body}
}

func likes(who, sku string, at int64) *event.Event {
	body := event.ObjectOf([]event.Value{event.StringOf("sku"), event.StringOf(sku)})
	return &event.Event{Type: event.Identify, Profile: who, Time: at, Arrival: at, Body: body}
}

// expectMembers holds what is stored against the oracle.
func expectMembers(t *testing.T, store *memory.Store, o *oracle.Oracle, when string) {
	t.Helper()
	for id := range lookups {
		got, want := slices.Sorted(slices.Values(store.Members(id))), o.Members(id)
		if !slices.Equal(got, want) {
			t.Errorf("%s: in %s are %q, want %q", when, id, got, want)
		}
	}
}
