package engine_test

import (
	"testing"

	"muster/event"
)

// TestEveryGuardCounts: a rule with more guards than a rest has room for, of
// every kind, holds only when the last of them does, whichever that is.
func TestEveryGuardCounts(t *testing.T) {
	rule := `traits.a in 3..5 and traits.b in ["x", "z"] and traits.c contains "q" and traits.d >= 2 and traits.d < 9 and ` +
		`traits.e not in [1, 5] and traits.f and traits.g startsWith "k" and traits.h != nil`
	holds := map[string]event.Value{
		"a": number(4), "b": text("z"), "c": text("aqua"), "d": number(3), "e": number(2), "f": event.BoolOf(true), "g": text("key"), "h": number(0),
	}
	fails := map[string]event.Value{
		"a": number(6), "b": text("y"), "c": text("aria"), "d": number(9), "e": number(5), "f": event.BoolOf(false), "g": text("sky"), "h": {},
	}
	// The other rule makes cells between those that the first tells apart.
	s := newSubject(compileNumbered(t, 2, func(i int) string {
		return []string{rule, `traits.b == "y" and traits.e == 3 and traits.d == 12`}[i]
	}))
	for trait, v := range holds {
		s.put(t, trait, v)
	}
	s.expect(t, "all hold", func(i int) bool { return i == 0 })
	for last := range holds {
		if flips := s.put(t, last, fails[last]); len(flips) != 1 || flips[0].Entered {
			t.Errorf("without %s: flips %v", last, flips)
		}
		for other := range holds {
			if other == last {
				continue
			}
			s.put(t, other, fails[other])
			if flips := s.put(t, other, holds[other]); len(flips) != 0 {
				t.Errorf("%s came back without %s: flips %v", other, last, flips)
			}
		}
		s.expect(t, "without "+last, func(int) bool { return false })
		if flips := s.put(t, last, holds[last]); len(flips) != 1 || !flips[0].Entered {
			t.Errorf("%s came back last: flips %v", last, flips)
		}
		s.expect(t, "with "+last, func(i int) bool { return i == 0 })
	}
}
