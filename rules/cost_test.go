package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"muster/test/kit/ruleset"
)

func TestCosts(t *testing.T) {
	set := ruleset.Compile(t, map[string]string{
		"b-spent": `sum(events("Order Completed", "30d"), .revenue) > 100 and traits.country == "DE"`,
		"a-spent": `sum(events("Order Completed", "30d"), .revenue) > 900`,
		"c-ratio": `sum(events("A"), .x) > sum(events("A"), .y) and segment("a-spent")`,
	})
	costs := set.Costs()
	want := []string{
		"a-spent: indexed, 1 aggregates, at a guess ~40 % of profiles and ~290 bytes a profile",
		"b-spent: indexed, 0 aggregates, at a guess ~2 % of profiles and ~0 bytes a profile",
		"c-ratio: 1 of 2 computed, 2 aggregates, at a guess ~9 % of profiles and ~580 bytes a profile",
	}
	for i, c := range costs {
		if c.String() != want[i] {
			t.Errorf("got  %s\nwant %s", c, want[i])
		}
	}
	if got := costs[2].Computed; len(got) != 1 || got[0] != `sum(map(events("A"), .x)) > sum(map(events("A"), .y))` {
		t.Errorf("computed: %q", got)
	}
}

// A rule that expands to more than 4,096 predicates is computed whole. Each
// choice expands to some 50 of them.
func TestCostOfARuleThatIsComputedWhole(t *testing.T) {
	var parts []string
	for i := range 100 {
		choice := fmt.Sprintf("traits.a%d > 1", i)
		for range 4 {
			choice = fmt.Sprintf("(%s ? traits.b > 1 : traits.c > 1)", choice)
		}
		parts = append(parts, choice)
	}
	cost := ruleset.Compile(t, map[string]string{"odd": strings.Join(parts, " and ")}).Costs()[0]
	if cost.Indexed != 0 || len(cost.Computed) != 1 {
		t.Errorf("%d indexed, %d computed", cost.Indexed, len(cost.Computed))
	}
}
