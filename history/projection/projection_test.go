package projection

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/generate"
)

// randomSet compiles some random rules.
func randomSet(t *testing.T, r *rand.Rand, n int) *rules.Set {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("s%02d", i)
	}
	var segments []rules.Segment
	for id, text := range generate.Set(r, ids) {
		segments = append(segments, rules.Segment{ID: id, Rule: text, Members: true})
	}
	set, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// randomEvents are events of three profiles, in order of arrival.
func randomEvents(r *rand.Rand, n int) []event.Event {
	clock, events := generate.Start, make([]event.Event, n)
	for i := range events {
		events[i] = generate.Event(r, []string{"a", "b", "c"}, clock)
		clock = max(clock, events[i].Arrival)
	}
	slices.SortStableFunc(events, func(a, b event.Event) int { return int(a.Arrival - b.Arrival) })
	return events
}

// changes is what a rule set makes of events, and of a year behind them.
func changes(t *testing.T, set *rules.Set, events []event.Event) []pipeline.Change {
	t.Helper()
	d := pipeline.NewDriver(set, pipeline.Default(), pipeline.State{Next: -1}, nil)
	for i := range events {
		if _, err := d.Apply(t.Context(), &events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Advance(t.Context(), d.Clock()+366*24*60*60*1000); err != nil {
		t.Fatal(err)
	}
	return d.Changes()
}

// cut writes events and reads them.
func cut(t *testing.T, p Projection, events []event.Event) []event.Event {
	t.Helper()
	e, d := NewEncoder(p), &Decoder{}
	var kept []event.Event
	for i := range events {
		body, kind := e.Append(nil, &events[i])
		one := event.Event{
			Profile: events[i].Profile, MessageID: events[i].MessageID, Time: events[i].Time, Arrival: events[i].Arrival,
		}
		texts := e.Texts()
		if err := d.Decode(&one, kind, body, &texts); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, one)
	}
	return kept
}

// Random rules decide the same over whole events and over what is kept, by
// the set's own projection and by one that covers it.
func TestCutEventsAreTheSameToTheRules(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 16))
		set, other := randomSet(t, r, 1+int(seed)%20), randomSet(t, r, 20)
		events := randomEvents(r, 400)
		want := changes(t, set, events)
		own := Of(set.Reads(), true)
		wider := Of(join(set.Reads(), other.Reads()), true)
		if !wider.Covers(own) || !own.Covers(own) {
			t.Fatalf("seed %d: a projection does not cover its part", seed)
		}
		for _, p := range []Projection{own, wider} {
			if got := changes(t, set, cut(t, p, events)); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %d changes of what is kept, %d of whole events", seed, len(got), len(want))
			}
		}
	}
}

func join(a, b rules.Reads) rules.Reads {
	return rules.Reads{
		Streams: slices.Concat(a.Streams, b.Streams), Traits: slices.Concat(a.Traits, b.Traits), Calls: slices.Concat(a.Calls, b.Calls),
		Groups: a.Groups || b.Groups, GroupTraits: a.GroupTraits || b.GroupTraits, Seen: a.Seen || b.Seen,
	}
}

func TestCovers(t *testing.T) {
	of := func(streams ...Stream) Projection { return Projection{Streams: streams} }
	for i, c := range []struct {
		p, q Projection
		want bool
	}{
		{Projection{}, Projection{}, true},
		{Projection{}, Projection{IDs: true}, false},
		{Projection{Traits: []string{"a"}}, Projection{Traits: []string{"a\x00b", "a"}}, true},
		{Projection{Traits: []string{"a\x00b"}}, Projection{Traits: []string{"a"}}, false},
		{Projection{Calls: []string{""}}, Projection{Calls: []string{"x"}}, true},
		{Projection{Groups: true}, Projection{Groups: true, GroupTraits: true}, false},
		{of(Stream{Name: "Order", Prefix: true}), of(Stream{Name: "Order Completed"}), true},
		{of(Stream{Name: "Order", Prefix: true}), of(Stream{Name: "Or", Prefix: true}), false},
		{of(Stream{Name: "Order"}), of(Stream{Name: "Order", Prefix: true}), false},
		{of(Stream{Prefix: true, Properties: []string{"a"}}, Stream{Name: "A", Properties: []string{"b"}}), of(Stream{Name: "A", Properties: []string{"a", "b"}}), true},
		{of(Stream{Prefix: true, Properties: []string{"a"}}, Stream{Name: "A", Properties: []string{"b"}}), of(Stream{Name: "B", Properties: []string{"b"}}), false},
		{of(Stream{Name: "A", Contexts: []string{"a"}}), of(Stream{Name: "A", Contexts: []string{"a\x00b"}}), true},
		{of(Stream{Name: "A", Contexts: []string{"a"}}), of(Stream{Name: "A", Properties: []string{"a"}}), false},
	} {
		if got := c.p.Covers(c.q); got != c.want {
			t.Errorf("%d: %t", i, got)
		}
	}
}

func TestKeyIsThatOfWhatIsKept(t *testing.T) {
	a := Of(rules.Reads{Traits: []profile.Path{"b", "a", "b\x00c"}, Streams: []rules.StreamReads{{Name: "x"}, {Name: "w"}, {Name: "x"}}}, false)
	b := Of(rules.Reads{Traits: []profile.Path{"a", "b"}, Streams: []rules.StreamReads{{Name: "w"}, {Name: "x"}}}, false)
	if a.Key() != b.Key() {
		t.Errorf("%+v and %+v have different keys", a, b)
	}
	if a.Key() == Of(rules.Reads{Traits: []profile.Path{"a"}}, false).Key() || a.Key() == (Projection{}).Key() {
		t.Error("different projections have equal keys")
	}
}

// More names and keys than there are numbers for, and odd numbers, come back.
func TestWhatHasNoNumberIsWrittenOut(t *testing.T) {
	p := Projection{Streams: []Stream{{Prefix: true, Properties: []string{""}}}}
	events := make([]event.Event, 2*MaxTexts)
	for i := range events {
		name := fmt.Sprint("n", i)
		events[i] = event.Event{Type: event.Track, Name: name, Profile: "a", Body: event.ObjectOf([]event.Value{
			event.StringOf(name), event.NumberOf([]float64{math.Copysign(0, -1), 1e300, -1 << 53, 0.1, 7}[i%5]),
			event.StringOf("list"), event.ArrayOf([]event.Value{event.BoolOf(true), {}, event.ObjectOf(nil), event.StringOf("")}),
		})}
	}
	for i, got := range cut(t, p, events) {
		want := events[i]
		if got.Name != want.Name || got.Type != want.Type || !got.Body.Equal(want.Body) {
			t.Fatalf("%d: %+v, want %+v", i, got, want)
		}
		if i%5 == 0 {
			if _, zero := got.Body.Field(0); !math.Signbit(zero.Number()) {
				t.Fatal("-0 has become 0")
			}
		}
	}
}

// A damaged body is an error and never more memory than the body is worth.
func TestDamagedBodies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 16))
	e, d := NewEncoder(Of(randomSet(t, r, 40).Reads(), true)), &Decoder{}
	failed := 0
	for _, ev := range randomEvents(r, 500) {
		body, kind := e.Append(nil, &ev)
		texts := e.Texts()
		for range 20 {
			if len(body) == 0 {
				break
			}
			damaged := slices.Clone(body[:1+r.IntN(len(body))])
			damaged[r.IntN(len(damaged))] ^= byte(1 + r.IntN(255))
			var one event.Event
			d.Reset()
			if d.Decode(&one, kind, damaged, &texts) != nil {
				failed++
			}
		}
	}
	if failed == 0 {
		t.Error("no damage was noticed")
	}
	if err := d.Decode(&event.Event{}, 1<<30, nil, &Texts{}); err == nil {
		t.Error("a kind that does not exist was read")
	}
}
