package rules

import (
	"muster/event"
	"muster/rules/internal/engine"
	"muster/rules/internal/language"
)

// Predicate is a condition on single events. It is safe for concurrent use.
type Predicate struct{ holds func(*event.Event) bool }

// NewPredicate compiles a condition on one event, as it stands in the predicate
// of a stream: .price > 10. Where names are given it is written with these
// instead, each for the property of that name: price > 10. Lines and columns of
// its mistakes are those of the text.
func NewPredicate(text string, names []string) (*Predicate, Errors) {
	term, mistakes := language.CheckPredicate(text, names)
	if len(mistakes) > 0 {
		errs := make(Errors, len(mistakes))
		for i, m := range mistakes {
			errs[i] = (*origin)(nil).errorAt("", text, m)
		}
		return nil, errs
	}
	return &Predicate{engine.Predicate(term)}, nil
}

// Holds reports whether the condition is true of an event.
func (p *Predicate) Holds(ev *event.Event) bool { return p.holds(ev) }
