package engine

import (
	"muster/event"
	"muster/rules/internal/language"
)

// Predicate makes a function of a checked condition on one event. It is safe
// for concurrent use.
func Predicate(t *language.Term) func(*event.Event) bool {
	b := NewBuilder(func(string) int { return 0 }, nil) // a predicate mentions no segment
	return ofEvent(compileCondition(t, b), b.envs)
}
