package language

import (
	"github.com/expr-lang/expr/ast"

	"muster/event"
	"muster/profile"
)

// A list is an array that a trait or a property is, as the products of an
// order. The words that make one value of a stream's events do the same with
// the elements of a list.

// folds are the words that make one number of a list's numbers.
var folds = map[string]Op{"sum": OpSumOf, "mean": OpMeanOf, "min": OpMinOf, "max": OpMaxOf}

// listed checks that a term may be a list.
func (c *checker) listed(n ast.Node, name string, t *Term) bool {
	if t.Op == OpInvalid {
		return false
	}
	if t.Kind != event.KindMissing && t.Kind != event.KindArray {
		known, _ := functionOf(name)
		c.wrong(n, "as "+known.usage, "%s wants a stream of events or a list; this is %s", name, kindPhrase(t.Kind))
		return false
	}
	return true
}

// elementOf is what # stands for in a predicate over a list.
func elementOf(list *Term) *Term {
	element := &Term{Op: OpElement}
	switch list.Op {
	case OpGroups:
		element.Kind = event.KindString
	case OpGroupList:
		element.Kind = event.KindObject
	case OpFilterOf:
		return elementOf(list.Args[0])
	}
	return element
}

// over checks what is said of each element of a list.
func (c *checker) over(list *Term, n ast.Node, visible scope, check func(*checker, ast.Node, scope) *Term) *Term {
	return check(c, n, scope{event: visible.event, element: elementOf(list)})
}

// narrowList checks filter and map over a list.
func (c *checker) narrowList(name string, args []ast.Node, list *Term, s scope) *Term {
	if !c.listed(args[0], name, list) {
		return invalid
	}
	op, check := OpMapOf, (*checker).value
	if name == "filter" {
		op, check = OpFilterOf, (*checker).condition
	}
	each := c.over(list, args[1], s, check)
	if each.Op == OpInvalid {
		return invalid
	}
	return &Term{Op: op, Kind: event.KindArray, Args: []*Term{list, each}}
}

// foldList checks sum, mean, min and max over a list. The numbers are of the
// elements themselves, or what is said of each.
func (c *checker) foldList(name string, args []ast.Node, list *Term, s scope) *Term {
	if !c.listed(args[0], name, list) {
		return invalid
	}
	each := elementOf(list)
	switch {
	case len(args) == 2:
		each = c.over(list, args[1], s, (*checker).value)
	case list.Op == OpMapOf:
		list, each = list.Args[0], list.Args[1]
	}
	switch {
	case each.Op == OpInvalid:
		return invalid
	case each.Kind != event.KindMissing && each.Kind != event.KindNumber:
		return c.wrong(args[len(args)-1], "as "+name+"(map(traits.items, .price))", "numbers are wanted; this is %s of each element", kindPhrase(each.Kind))
	}
	return &Term{Op: folds[name], Kind: event.KindNumber, Args: []*Term{list, each}}
}

const flattenUsage = `len(uniq(flatten(map(events("A"), map(.products, .sku)))))`

// flatten checks flatten(map(S, list)): the values of the lists of all
// events. They can only be counted by uniq.
func (c *checker) flatten(n ast.Node, args []ast.Node, s scope) operand {
	st, ok := c.usable(n, args[0], s, "flatten")
	if !ok {
		return of(invalid)
	}
	if st.Project == nil {
		return of(c.wrong(n, "as "+flattenUsage, "flatten wants a list of each event, not whole events"))
	}
	if k := st.Project.Kind; k != event.KindMissing && k != event.KindArray {
		return of(c.wrong(n, "as "+flattenUsage, "flatten wants a list of each event; this is %s", kindPhrase(k)))
	}
	st.Project = &Term{Op: OpFlatten, Args: []*Term{st.Project}}
	return operand{stream: &st}
}

// apart refuses a stream of the values of lists where no uniq is around it.
func (c *checker) apart(n ast.Node, st *Stream, function string) bool {
	if st.unique || st.Project == nil || st.Project.Op != OpFlatten {
		return true
	}
	hint := "as " + flattenUsage
	switch function {
	case "count", "len":
		hint = `as sum(events("A"), count(.products))`
	case "sum", "min", "max":
		hint = "as " + perEvent(function)
	case "mean":
		hint = `divide, as sum(events("A"), sum(.products, .price)) / sum(events("A"), count(.products))`
	}
	c.wrong(n, hint, "%s can't follow flatten; uniq can", function)
	return false
}

// perEvent shows how a number is made of the lists of all events.
func perEvent(function string) string {
	switch function {
	case "sum":
		return `sum(events("A"), sum(.products, .price))`
	case "mean":
		return `mean(map(events("A"), sum(.products, .price)))`
	}
	return function + `(map(events("A"), ` + function + `(.products, .price)))`
}

// wholeLists refuses to tell lists apart where their elements are meant.
func (c *checker) wholeLists(n ast.Node, st *Stream) bool {
	if o := st.Project.Op; o != OpMapOf && o != OpFilterOf {
		return false
	}
	c.wrong(n, "what is in the lists is counted by "+flattenUsage, "uniq would tell the whole lists of events apart")
	return true
}

// formatList writes what is about a list as text of the language.
func (t *Term) formatList() string {
	name, list := opNames[t.Op], t.Args[0].Text()
	switch {
	case t.Op == OpMapOf, t.Op == OpFilterOf:
		return name + "(" + list + ", " + t.Args[1].Text() + ")"
	case t.Args[1].Op == OpElement && t.Args[1].Name == "":
		return name + "(" + list + ")"
	case t.Op == OpSumOf:
		return name + "(" + list + ", " + t.Args[1].Text() + ")"
	}
	return name + "(map(" + list + ", " + t.Args[1].Text() + "))"
}

// spreads reports whether each value of a list that an event gives counts by
// itself.
func (s *Stream) spreads() bool { return s.Project != nil && s.Project.Op == OpFlatten }

// Spreads reports whether each value of the list that an event gives the
// aggregate counts by itself, and not the list.
func (a *Aggregate) Spreads() bool { return a.Reduce == profile.ReduceDistinct && a.Stream.spreads() }
