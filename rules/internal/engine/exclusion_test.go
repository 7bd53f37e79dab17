package engine_test

import (
	"fmt"
	"testing"

	"muster/event"
)

// TestAMoveBetweenTwoExcludedValuesFlipsNothing: to leave one value that a
// not in excludes is not to pass it when the next is excluded too.
func TestAMoveBetweenTwoExcludedValuesFlipsNothing(t *testing.T) {
	for _, c := range []struct {
		rule   string
		values []event.Value // excluded ones
	}{
		{`traits.x not in ["a", "b"]`, []event.Value{text("a"), text("b")}},
		{`traits.x not in [1, 2, 9]`, []event.Value{number(1), number(2), number(9)}},
		{`traits.x not in [1, "b", true]`, []event.Value{number(1), text("b"), event.BoolOf(true)}},
		{`traits.x not in 1..3`, []event.Value{number(1), number(2), number(3)}},
		{`not (traits.x in ["a", "b"])`, []event.Value{text("a"), text("b")}},
		{`traits.x != "a" and traits.x != "b"`, []event.Value{text("a"), text("b")}},
		{`traits.x not in ["a", "b"] and traits.y != 1`, []event.Value{text("a"), text("b")}},
		{`(traits.x not in ["a", "b"] or traits.y == 1) and traits.z != 1`, []event.Value{text("a"), text("b")}},
	} {
		moveBetween(t, c.rule, c.values, 1)
		// With very many constants, excluded cells are kept in another way.
		moveBetween(t, c.rule, c.values, 1100)
	}
}

// moveBetween moves from each excluded value to each, under the rule and
// others that compare with further constants.
func moveBetween(t *testing.T, rule string, values []event.Value, segments int) {
	t.Helper()
	s := newSubject(compileNumbered(t, segments, func(i int) string {
		if i == 0 {
			return rule
		}
		return fmt.Sprintf("traits.x == %d", 1000+i)
	}))
	for _, from := range values {
		for _, to := range values {
			s.put(t, "x", text("neither"))
			s.expect(t, rule+": neither", func(i int) bool { return i == 0 })
			if flips := s.put(t, "x", from); len(flips) != 1 || flips[0].Entered {
				t.Fatalf("%s: moving to %s flips %v", rule, spell(from), flips)
			}
			if flips := s.put(t, "x", to); len(flips) != 0 {
				t.Errorf("%s: moving from %s to %s flips %v", rule, spell(from), spell(to), flips)
			}
			s.expect(t, rule+": "+spell(to), func(int) bool { return false })
		}
	}
}
