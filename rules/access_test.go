package rules

import (
	"testing"

	"muster/event"
	"muster/profile"
)

// TestTheEndThatIsRarelyPassed: a span with two ends is filed under the one
// that whole evaluation comes by less often, and holds as it did.
func TestTheEndThatIsRarelyPassed(t *testing.T) {
	segments := []Segment{NewSegment("teens", `traits.x >= 10 and traits.x < 20`)}
	limits := profile.DefaultConfig()
	of := func(set *Set, x float64) *profile.Profile {
		p := profile.New("a")
		body := event.ObjectOf([]event.Value{event.StringOf("x"), event.NumberOf(x)})
		ev := event.Event{Type: event.Identify, Profile: "a", Time: 1, Arrival: 1, Body: body}
		p.Apply(set.Schema(), &limits, &ev, 1, &profile.Changed{})
		return p
	}
	plain, err := Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		common float64
		upper  bool
	}{{5, false}, {25, true}} {
		set, err := CompileWith(segments, Options{Sample: []*profile.Profile{of(plain, c.common), of(plain, 15)}, Now: 1})
		if err != nil {
			t.Fatal(err)
		}
		b := set.index.access.byScale[0].boundaries
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
