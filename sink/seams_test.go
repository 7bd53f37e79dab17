package sink_test

import (
	"testing"

	"muster/directive"
	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/redis"
)

// TestSeamsAndPatchesAreStored: a seam can be read by whoever evaluates history
// for it, the next owner goes on with it, and what a patch changes tells of
// its run in the outbox.
func TestSeamsAndPatchesAreStored(t *testing.T) {
	store := open(t, config(redis.Start(t).Address))
	set, err := rules.Compile([]rules.Segment{rules.NewSegment("buyers", `count(events("Bought")) >= 2`)})
	if err != nil {
		t.Fatal(err)
	}
	past, err := pipeline.NewPast(set, profile.Default(), []string{"buyers"})
	if err != nil {
		t.Fatal(err)
	}
	next := int64(0)
	serve := func(d directive.Directive) {
		t.Helper()
		state, err := store.Open(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		driver := pipeline.NewDriver(set, pipeline.Default(), state, pipeline.PortOf(store, 3))
		driver.Directed = func(_ int, refusal string) {
			if refusal != "" {
				t.Error(refusal)
			}
		}
		next++
		feed := pipeline.Feed{Offsets: []int64{next}, Directives: []pipeline.Directed{{Offset: next, Arrival: 5000, Directive: d}}, Next: next + 1}
		if err := driver.Serve(t.Context(), &feed); err != nil {
			t.Fatal(err)
		}
	}
	if seams, err := store.Seams(t.Context(), 3); err != nil || len(seams) > 0 {
		t.Fatalf("of a new shard: %v, %v", seams, err)
	}
	serve(directive.Directive{Kind: directive.Open, Run: "run", Series: past.Series()})
	seams, err := store.Seams(t.Context(), 3)
	if err != nil || len(seams) != 1 || seams[0].Run != "run" || seams[0].At != 5000 || seams[0].Closed || len(seams[0].Series) != 1 {
		t.Fatalf("opened: %+v, %v", seams, err)
	}
	past.Begin("ann", seams[0].At)
	for at := range int64(2) {
		if _, err := past.Take(&event.Event{Type: event.Track, Profile: "ann", Name: "Bought", Time: at, Arrival: at}); err != nil {
			t.Fatal(err)
		}
	}
	patch, ok := past.Patch("run")
	if !ok {
		t.Fatal("there is no patch")
	}
	serve(patch)
	serve(patch)
	serve(directive.Directive{Kind: directive.Close, Run: "run"})
	if seams, err = store.Seams(t.Context(), 3); err != nil || len(seams) != 1 || !seams[0].Closed {
		t.Errorf("closed: %+v, %v", seams, err)
	}
	want := pipeline.Change{Segment: "buyers", Profile: "ann", Entered: true, At: 5000, Version: 1, Cause: pipeline.CauseBackfill, Run: "run"}
	entries := outbox(t, store, 3)
	if len(entries) != 1 || entries[0].Change != want {
		t.Errorf("the outbox has %+v", entries)
	}
	if seams, err = store.Seams(t.Context(), 4); err != nil || len(seams) > 0 {
		t.Errorf("of another shard: %v, %v", seams, err)
	}
}
