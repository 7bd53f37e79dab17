package engine

import (
	"muster/event"
	"muster/rules/internal/language"
)

// compileLookup compiles what a column of a catalogue has for a key. The key is
// a text, or what string(...) makes one of.
//
// A rule on a trait thereby has a scale for the values of the column, as for any
// expression: a look-up is made when the trait changes, and never again for each
// rule. To put the keys of the rows that fulfil a comparison into the rule
// instead would cost memory for each comparison, and a scale of so many cells.
func compileLookup(term *language.Term, numbers slots) evaluator {
	column, key := numbers.column(term.Value.Text(), term.Name), compileValue(term.Args[0], numbers)
	if column == nil { // nothing is built of a rule that asks for what is not there
		return func(*env) event.Value { return event.Value{} }
	}
	return func(e *env) event.Value {
		v := key(e)
		if v.Kind() != event.KindString {
			v = language.TextOf(v)
		}
		return column.Of(v.Text())
	}
}
