package engine

import (
	"muster/event"
	"muster/profile"
	"muster/rules/internal/language"
)

// compileList compiles what makes a list of the elements of a list, or one
// number. What is not an array counts as an empty one.
func compileList(t *language.Term, s slots) evaluator {
	list := compileValue(t.Args[0], s)
	switch t.Op {
	case language.OpFlatten:
		return list // the series takes the values of lists apart
	case language.OpFilterOf:
		keep := compileCondition(t.Args[1], s)
		return func(e *env) event.Value { return event.ArrayOf(filtered(e, list(e).Elements(), keep)) }
	case language.OpMapOf:
		each := compileValue(t.Args[1], s)
		return func(e *env) event.Value { return event.ArrayOf(mapped(e, list(e).Elements(), each)) }
	}
	each, o := compileValue(t.Args[1], s), t.Op
	return func(e *env) event.Value { return foldList(o, e, list(e).Elements(), each) }
}

func filtered(e *env, list []event.Value, keep condition) []event.Value {
	kept, outer := make([]event.Value, 0, len(list)), e.element
	for i := range list {
		if e.element = list[i]; keep(e) {
			kept = append(kept, list[i])
		}
	}
	e.element = outer
	return kept
}

func mapped(e *env, list []event.Value, each evaluator) []event.Value {
	values, outer := make([]event.Value, len(list)), e.element
	for i := range list {
		e.element = list[i]
		values[i] = each(e)
	}
	e.element = outer
	return values
}

// foldList makes one number of those that there are, as a stream does.
func foldList(o language.Op, e *env, list []event.Value, each evaluator) event.Value {
	var all profile.Total
	outer := e.element
	for i := range list {
		e.element = list[i]
		if v := each(e); v.Kind() == event.KindNumber {
			all.Add(v.Number())
		}
	}
	e.element = outer
	return all.Value(reductions[o])
}

var reductions = map[language.Op]profile.Reduce{
	language.OpSumOf: profile.ReduceSum, language.OpMeanOf: profile.ReduceMean, language.OpMinOf: profile.ReduceMin, language.OpMaxOf: profile.ReduceMax,
}
