package language

import (
	"github.com/expr-lang/expr/ast"

	"muster/event"
	"muster/profile"
)

// countOf is the number of a stream's events, or of its distinct values.
func countOf(s Stream) *Term {
	if s.unique {
		s.unique = false
		return aggregateTerm(s, profile.ReduceDistinct)
	}
	s.Project = nil
	return aggregateTerm(s, profile.ReduceCount)
}

// quantify checks count, any, none, all and one, over a stream or an array.
func (c *checker) quantify(node ast.Node, name string, args []ast.Node, s scope) *Term {
	o := c.operand(args[0], s)
	if o.stream == nil {
		return c.quantifyArray(name, c.asValue(args[0], o), args, s)
	}
	st := *o.stream
	if len(args) == 1 {
		return countOf(st)
	}
	if st.unique {
		return c.wrong(node, uniqHint, "%s with a predicate can't follow uniq", name)
	}
	predicate := c.condition(args[1], st.within())
	if name == "all" {
		predicate = not(predicate)
	}
	count := countOf(st.narrowed(predicate))
	number := func(f float64) *Term { return Constant(event.NumberOf(f)) }
	compare := func(o Op, f float64) *Term {
		return &Term{Op: o, Kind: event.KindBool, Args: []*Term{count, number(f)}}
	}
	switch name {
	case "any":
		return compare(OpGreater, 0)
	case "one":
		return compare(OpEqual, 1)
	case "none", "all":
		return compare(OpEqual, 0)
	}
	return count
}

var quantifiers = map[string]Op{"any": OpAnyOf, "all": OpAllOf, "none": OpNoneOf, "one": OpOneOf, "count": OpCountOf}

func (c *checker) quantifyArray(name string, array *Term, args []ast.Node, visible scope) *Term {
	if array.Op == OpInvalid {
		return invalid
	}
	if array.Kind != event.KindMissing && array.Kind != event.KindArray {
		return c.wrong(args[0], `as `+name+`(events("A"), .price > 10)`, "%s wants a stream of events or an array; this is %s", name, kindPhrase(array.Kind))
	}
	if len(args) == 1 {
		return &Term{Op: OpCountOf, Kind: event.KindNumber, Args: []*Term{array, Constant(event.BoolOf(true))}}
	}
	element := &Term{Op: OpElement}
	switch array.Op {
	case OpGroups:
		element.Kind = event.KindString
	case OpGroupList:
		element.Kind = event.KindObject
	}
	predicate := c.condition(args[1], scope{event: visible.event, element: element})
	kind := event.KindBool
	if name == "count" {
		kind = event.KindNumber
	}
	return &Term{Op: quantifiers[name], Kind: kind, Args: []*Term{array, predicate}}
}
