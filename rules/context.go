package rules

import (
	"maps"
	"slices"
	"strings"

	"muster/rules/internal/language"
)

// ContextFields lists the fields of events' contexts, such as device, that
// rules of the set read, sorted. It is for Decoder.ReadContext: events that
// have no others are the same to the set.
func (s *Set) ContextFields() []string { return s.context }

// contextFields gathers what ContextFields returns.
type contextFields map[string]struct{}

// note takes in what a rule reads. Most have nothing to do with contexts; a
// text with an escape may spell the word in another way.
func (c contextFields) note(rule string, term *language.Term) {
	if term != nil && (strings.Contains(rule, "context") || strings.Contains(rule, `\`)) {
		term.ContextFields(func(name string) { c[name] = struct{}{} })
	}
}

func (c contextFields) sorted() []string { return slices.Sorted(maps.Keys(c)) }
