package engine

import (
	"fmt"
	"strings"
	"testing"

	"muster/event"
	"muster/profile"
)

// TestTheEndThatIsRarelyPassed: a span with two ends is filed under the one
// that full evaluation passes less often, and holds as it did.
func TestTheEndThatIsRarelyPassed(t *testing.T) {
	teens := `traits.x >= 10 and traits.x < 20`
	of := func(set *Set, x float64) *profile.Profile {
		return customer(set, event.StringOf("x"), event.NumberOf(x))
	}
	plain := build(t, nil, teens)
	for _, c := range []struct {
		common float64
		upper  bool
	}{{5, false}, {25, true}} {
		set := build(t, []*profile.Profile{of(plain, c.common), of(plain, 15)}, teens)
		b := set.index.full.byScale[0].boundaries
		if upper := b[0].inBack < b[len(b)-1].inBack; upper != c.upper {
			t.Errorf("with %v common, filed under the upper end: %v", c.common, upper)
		}
		m := NewMatcher(set)
		for _, x := range []float64{5, 10, 15, 19.5, 20, 25} {
			if in := len(m.Full(of(set, x), 1)) == 1; in != (x >= 10 && x < 20) {
				t.Errorf("with %v common, %v is in: %v", c.common, x, in)
			}
		}
	}
}

// customer makes a profile with traits: name, value, name, value...
func customer(set *Set, traits ...event.Value) *profile.Profile {
	limits := profile.Default()
	p := profile.New("a")
	ev := event.Event{Type: event.Identify, Profile: "a", Time: 1, Arrival: 1, Body: event.ObjectOf(traits)}
	p.Apply(set.Schema(), &limits, &ev, 1, &profile.Changed{})
	return p
}

// TestTheCheapestAccess: a rule is reached through what leads to least work, not
// through what holds least often.
func TestTheCheapestAccess(t *testing.T) {
	both := `traits.a == "yes" and (traits.b == "yes" or traits.c == "yes")`
	plain := build(t, nil, both)
	var sample []*profile.Profile // 3 of 10 have a, 2 have b and 2 have c
	for i := range 10 {
		var traits []event.Value
		for j, name := range []string{"a", "b", "c"} {
			if i < max(2, 3-j) {
				traits = append(traits, event.StringOf(name), event.StringOf("yes"))
			}
		}
		sample = append(sample, customer(plain, traits...))
	}
	set := build(t, sample, both)
	for _, s := range set.index.scales {
		name := set.schema.Traits[s.trait]
		if reached := set.index.full.byScale[s.id].cells != nil; reached != (name != profile.PathOf("a")) {
			t.Errorf("through %s: %t", name, reached)
		}
	}
}

// TestWhatIsLookedAtForEveryProfile: what says what a value is not leads to a rule,
// too, unless running the rule is cheaper than all the ways to it.
func TestWhatIsLookedAtForEveryProfile(t *testing.T) {
	var anything []string
	for i := range 20 {
		anything = append(anything, fmt.Sprintf("traits.t%d != nil", i))
	}
	for _, c := range []struct {
		rule string
		run  int
		in   func(a string, n float64) bool
	}{
		{`traits.a != "yes"`, 0, func(a string, _ float64) bool { return a != "yes" }},
		{`not (traits.a == "yes" and traits.n > 3)`, 0, func(a string, n float64) bool { return a != "yes" || n <= 3 }},
		{`traits.a != nil and not (traits.n > 3 or traits.b == "yes")`, 0, func(_ string, n float64) bool { return n <= 3 }},
		{strings.Join(anything, " or "), 1, func(string, float64) bool { return true }},
	} {
		set := build(t, nil, c.rule)
		if got := len(set.index.full.always); got != c.run {
			t.Errorf("%s: run for every profile: %d, want %d", c.rule, got, c.run)
		}
		m := NewMatcher(set)
		for _, a := range []string{"yes", "no"} {
			for _, n := range []float64{3, 4} {
				p := customer(set, event.StringOf("a"), event.StringOf(a), event.StringOf("n"), event.NumberOf(n), event.StringOf("t7"), event.StringOf(a))
				if got, want := len(m.Full(p, 1)) == 1, c.in(a, n); got != want {
					t.Errorf("%s of a %s and n %v: %t, want %t", c.rule, a, n, got, want)
				}
			}
		}
	}
}
