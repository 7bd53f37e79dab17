package rules

import (
	"slices"
	"testing"

	"muster/event"
	"muster/profile"
)

// Profiles stored under other rules are read for the set that is being
// compiled, and its estimates are theirs.
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
	newSampled(set, options.draw(set), options.Now) // a Set keeps no estimates
	scale := set.index.scales[0]
	for count, want := range map[float64]float64{0: 0.5, 1: 0.5} {
		c := int(scale.cell(event.NumberOf(count)))
		if got := scale.share(c, c+1); got != want {
			t.Errorf("a count of %v holds for %v of the sample, not %v", count, got, want)
		}
	}
}
