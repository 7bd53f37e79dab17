package engine

import (
	"testing"

	"muster/event"
	"muster/profile"
	"muster/rules/internal/language"
)

// build makes a Set of rules that mention no segments, with what a sample of
// profiles teaches.
func build(t *testing.T, sample []*profile.Profile, texts ...string) *Set {
	t.Helper()
	b, rules := NewBuilder(func(string) int { return 0 }, nil), make([]Rule, len(texts))
	for i, text := range texts {
		checked, mistakes := language.Check(text)
		if len(mistakes) > 0 {
			t.Fatalf("%s: %s", text, mistakes[0].Message)
		}
		rules[i] = b.Rule(checked.Term)
	}
	return b.Build(rules, Options{Draw: func(*profile.Schema) []*profile.Profile { return sample }, Now: 1})
}

// A sample is read with the schema at hand, and estimates are its shares.
func TestEstimatesAreThoseOfTheSample(t *testing.T) {
	set := build(t, nil, `count(events("Order Completed")) > 0`)
	ev := event.Event{Type: event.Track, Name: "Order Completed", Profile: "a", Time: 1000, Arrival: 1000}
	bought, limits := profile.New("a"), profile.Default()
	bought.Apply(set.Schema(), &limits, &ev, 1000, &profile.Changed{})
	newSampled(set, []*profile.Profile{profile.New("b"), bought}, 1000) // a Set keeps no estimates
	scale := set.index.scales[0]
	for count, want := range map[float64]float64{0: 0.5, 1: 0.5} {
		c := int(scale.cell(event.NumberOf(count)))
		if got := scale.share(c, c+1); got != want {
			t.Errorf("a count of %v holds for %v of the sample, not %v", count, got, want)
		}
	}
}
