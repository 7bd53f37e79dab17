package rules

import (
	"slices"
	"testing"

	"muster/event"
	"muster/profile"
)

// Profiles stored under other rules are read for the set that is being
// compiled, behind those that are given.
func TestDrawnProfilesAreReadForTheSetAtHand(t *testing.T) {
	calls := 0
	drawn := func(schema *profile.Schema, segments []string) []*profile.Profile {
		calls++
		if !slices.Equal(segments, []string{"bought", "loyal"}) || len(schema.Series) != 1 {
			t.Errorf("asked for %d series and the segments %q", len(schema.Series), segments)
		}
		ev := event.Event{Type: event.Track, Name: "Order Completed", Profile: "a", Time: 1000, Arrival: 1000}
		p, limits := profile.New("a"), profile.Default()
		p.Apply(schema, &limits, &ev, 1000, &profile.Changed{})
		return []*profile.Profile{p}
	}
	segments := []Segment{NewSegment("loyal", `segment("bought")`), NewSegment("bought", `count(events("Order Completed")) > 0`)}
	options := Options{Draw: drawn, Sample: []*profile.Profile{profile.New("b")}, Now: 1000}
	set, err := CompileWith(segments, options)
	if err != nil || calls != 1 {
		t.Fatalf("compiled with %d draws: %v", calls, err)
	}
	if sample := options.draw(set)(set.Schema()); len(sample) != 2 || sample[0].ID != "b" || sample[1].ID != "a" {
		t.Errorf("learnt from %d profiles", len(sample))
	}
}
