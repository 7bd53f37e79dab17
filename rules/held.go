package rules

import (
	"strings"

	"muster/rules/internal/language"
)

// UsesHeld reports whether the rule at a position uses held(...), of its own
// or through a segment that it mentions. Since when the condition of one is
// true depends on what was known when, so history can't fill such a segment.
func (s *Set) UsesHeld(position int) bool { return s.held[position] }

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

// hold notes which rules use held, and refuses those of them that ask for
// history. Order gives the index of each position in own and segments.
func (s *Set) hold(order []int32, own []bool, segments []Segment) Errors {
	var errs Errors
	s.held = make([]bool, len(order))
	for position, i := range order {
		s.held[position] = own[i]
		for _, used := range s.uses[position] {
			s.held[position] = s.held[position] || s.held[used]
		}
		if s.held[position] && segments[i].Backfill {
			errs = append(errs, segments[i].cantFill())
		}
	}
	return errs
}

// cantFill is the mistake of asking for history where there can be none.
func (s *Segment) cantFill() *Error {
	at := s.asked
	if at == nil {
		at = s.idFrom
	}
	return at.errorAt(s.ID, s.ID, language.Mistake{
		Message: "backfill: auto can't be had with held(...), of the rule itself or of a segment that it mentions",
		Hint:    "since when a condition is true depends on what was known when, which history can't tell; leave backfill out",
	})
}
