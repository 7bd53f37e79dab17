package rules

import (
	"slices"
	"strings"

	"muster/rules/internal/language"
)

// UsesHeld reports whether the rule at a position uses held(...), of its own
// or through a segment that it mentions. Since when the condition of one is
// true depends on what was known when.
func (s *Set) UsesHeld(position int) bool { return s.held[position] }

// ConditionsOf returns the conditions of held(...) that decide over a segment,
// as Schema has them: those within others, and those of the segments that it
// mentions, included. It reads the rule anew, some 20 us.
func (s *Set) ConditionsOf(position int) []string {
	if !s.held[position] {
		return nil
	}
	var conditions []string
	if one, mistakes := language.Check(s.segments[position].Rule); len(mistakes) == 0 {
		one.Term.Deep(func(t *language.Term) {
			if t.Op == language.OpHeld {
				conditions = append(conditions, t.Args[0].String())
			}
		})
	}
	for _, used := range s.uses[position] {
		conditions = append(conditions, s.ConditionsOf(used)...)
	}
	slices.Sort(conditions)
	return slices.Compact(conditions)
}

// usesHeld reports whether a rule itself uses held(...). Most have nothing to
// do with it; a text with an escape may spell the word in another way.
func usesHeld(rule string, term *language.Term) bool {
	if term == nil || !strings.Contains(rule, "held") && !strings.Contains(rule, `\`) {
		return false
	}
	found := false
	term.Each(func(t *language.Term) { found = found || t.Op == language.OpHeld })
	return found
}

// countHeld counts the conditions of held(...) in a rule that usesHeld says has
// some, each as often as it is used.
func countHeld(term *language.Term) int {
	count := 0
	term.Deep(func(t *language.Term) {
		if t.Op == language.OpHeld {
			count++
		}
	})
	return count
}

// hold notes which rules use held. Order gives the index of each position in own.
func (s *Set) hold(order []int32, own []bool) {
	s.held = make([]bool, len(order))
	for position, i := range order {
		s.held[position] = own[i]
		for _, used := range s.uses[position] {
			s.held[position] = s.held[position] || s.held[used]
		}
	}
}
