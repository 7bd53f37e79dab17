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

// contextOf lists the fields that a rule reads. Most have nothing to do with
// contexts; a text with an escape may spell the word in another way.
func contextOf(rule string, term *language.Term) []string {
	if term == nil || !strings.Contains(rule, "context") && !strings.Contains(rule, `\`) {
		return nil
	}
	fields := contextFields{}
	term.ContextFields(func(name string) { fields.add([]string{name}) })
	return fields.sorted()
}

func (c contextFields) add(names []string) {
	for _, name := range names {
		c[name] = struct{}{}
	}
}

func (c contextFields) sorted() []string { return slices.Sorted(maps.Keys(c)) }
