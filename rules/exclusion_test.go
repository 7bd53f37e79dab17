package rules_test

import (
	"testing"

	"muster/event"
)

// TestAMoveBetweenTwoExcludedValuesFlipsNothing: a prototype of the index
// took a value that a not in excludes for one that it lets pass when the
// value before was excluded too.
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
		s := newSubject(compileNumbered(t, 1, func(int) string { return c.rule }))
		for _, from := range c.values {
			for _, to := range c.values {
				s.put(t, "x", text("neither"))
				s.expect(t, c.rule+": neither", func(int) bool { return true })
				if flips := s.put(t, "x", from); len(flips) != 1 || flips[0].Entered {
					t.Fatalf("%s: moving to %s flips %v", c.rule, spell(from), flips)
				}
				if flips := s.put(t, "x", to); len(flips) != 0 {
					t.Errorf("%s: moving from %s to %s flips %v", c.rule, spell(from), spell(to), flips)
				}
				s.expect(t, c.rule+": "+spell(to), func(int) bool { return false })
			}
		}
	}
}
