package pipeline_test

import (
	"fmt"
	"testing"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
)

// backfillRules read what a shop asks for most: counts, sums and values over
// windows and of all time, and an order of events.
func backfillRules(b *testing.B) *rules.Set {
	b.Helper()
	var segments []rules.Segment
	for i, text := range []string{
		`count(events("Bought", "30d")) >= 3`, `sum(events("Bought", "365d"), .price) > 500`, `count(events("Bought")) > 20`,
		`last(events("Bought")).price > 10`, `sequence("1d", events("Seen"), events("Bought"))`,
	} {
		segments = append(segments, rules.NewSegment(fmt.Sprint("s", i), text))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		b.Fatal(err)
	}
	return set
}

// historyOf gives some events of a profile over a year.
func historyOf(id string, n int, visit func(*event.Event)) {
	for i := range n {
		at := noon + int64(i)*365*24*60*minute/int64(n)
		ev := event.Event{
			Type: event.Track, Profile: id, Name: []string{"Seen", "Bought"}[i%2], MessageID: fmt.Sprint(id, i), Time: at, Arrival: at,
			Body: event.ObjectOf([]event.Value{event.StringOf("price"), event.NumberOf(float64(i % 50))}),
		}
		visit(&ev)
	}
}

// BenchmarkPast evaluates history: the time is that of one event, patches
// included.
func BenchmarkPast(b *testing.B) {
	set := backfillRules(b)
	h, err := pipeline.NewPast(set, profile.Default(), set.IDs())
	if err != nil {
		b.Fatal(err)
	}
	var events []event.Event
	historyOf("ann", 200, func(ev *event.Event) { events = append(events, *ev) })
	b.ReportAllocs()
	for done := 0; done < b.N; done += len(events) {
		h.Begin("ann", noon+400*24*60*minute)
		for i := range events {
			if _, err := h.Take(&events[i]); err != nil {
				b.Fatal(err)
			}
		}
		if _, ok := h.Patch("run"); !ok {
			b.Fatal("there is no patch")
		}
	}
}

// BenchmarkMerge merges patches of 200 events each into profiles of a shard
// that has nothing of them: the time is that of one patch.
func BenchmarkMerge(b *testing.B) {
	set := backfillRules(b)
	h, err := pipeline.NewPast(set, profile.Default(), set.IDs())
	if err != nil {
		b.Fatal(err)
	}
	seam := noon + 400*24*60*minute
	driver := pipeline.NewDriver(set, pipeline.Default(), pipeline.State{Next: -1}, nil)
	driver.Directed = func(_ int, refusal string) {
		if refusal != "" {
			b.Fatal(refusal)
		}
	}
	serve := func(d directive.Directive) {
		if err := driver.Serve(b.Context(), &pipeline.Feed{Directives: []pipeline.Directed{{Arrival: seam, Directive: d}}}); err != nil {
			b.Fatal(err)
		}
	}
	serve(directive.Directive{Kind: directive.Open, Run: "run", Series: h.Series()})
	h.Begin("ann", seam)
	historyOf("ann", 200, func(ev *event.Event) {
		if _, err := h.Take(ev); err != nil {
			b.Fatal(err)
		}
	})
	d, _ := h.Patch("run")
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		d.Profile = fmt.Sprint("user ", i)
		serve(d)
	}
	b.ReportMetric(float64(len(d.Body)), "bytes/patch")
}
