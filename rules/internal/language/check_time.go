package language

import (
	"github.com/expr-lang/expr/ast"

	"muster/event"
	"muster/profile"
)

// Usages of the functions of this file.
const (
	sequenceUsage  = `sequence("1h", events("Product Viewed"), events("Order Completed"))`
	heldUsage      = `held(traits.plan == "pro", "7d")`
	abandonedUsage = `abandoned(events("Product Added"), events("Order Completed"), "1h")`
)

// sequence checks sequence("1h", S1, S2, ...). It becomes a comparison of
// when the last complete sequence began.
func (c *checker) sequence(node ast.Node, args []ast.Node, visible scope) operand {
	switch {
	case visible != profileScope:
		return of(c.insidePredicate(node, "sequence"))
	case len(args) < 3:
		return of(c.wrong(node, "as "+sequenceUsage, "sequence wants a duration and then at least 2 streams"))
	case len(args) > 1+profile.MaxSteps:
		return of(c.wrong(node, splitHint, "a sequence has at most %d streams, not %d", profile.MaxSteps, len(args)-1))
	}
	within, ok := c.leadingDuration(args[0], visible)
	aggregate := &Aggregate{Reduce: profile.ReduceSequence, Within: within}
	for _, arg := range args[1:] {
		st, plain := c.step(arg, visible, "sequence")
		ok = ok && plain
		aggregate.Steps = append(aggregate.Steps, st)
	}
	if !ok || !c.commonWindow(args[1:], aggregate) {
		return of(invalid)
	}
	began := &Term{Op: OpAggregate, Kind: event.KindTime, Aggregate: aggregate}
	if !aggregate.Stream.Window.Sliding {
		return of(&Term{Op: OpPresent, Kind: event.KindBool, Args: []*Term{began}})
	}
	from := &Term{Op: OpInstant, Kind: event.KindTime, Offset: -aggregate.Stream.Window.From}
	return of(&Term{Op: OpGreater, Kind: event.KindBool, Args: []*Term{began, from}})
}

// leadingDuration checks the duration of a sequence, which comes first.
func (c *checker) leadingDuration(n ast.Node, s scope) (int64, bool) {
	o := c.operand(n, s)
	if o.stream != nil {
		c.wrong(n, "as "+sequenceUsage, "the duration of a sequence comes first")
		return 0, false
	}
	return c.durationOf(n, c.asValue(n, o))
}

// step checks one of several streams that are put in order.
func (c *checker) step(n ast.Node, s scope, function string) (Stream, bool) {
	st, ok := c.stream(n, s, function)
	if ok && (st.unique || st.Project != nil) {
		c.wrong(n, `leave map and uniq out; narrow the events with filter(events("A"), .price > 10)`, "%s wants whole events, not a property of them", function)
		return Stream{}, false
	}
	return st, ok
}

// commonWindow checks that the streams of a sequence have no window that
// slides, or all the same that ends now, and moves it from the streams to
// the sequence.
func (c *checker) commonWindow(args []ast.Node, aggregate *Aggregate) bool {
	common := aggregate.Steps[0].Window
	for i := range aggregate.Steps {
		own := &aggregate.Steps[i].Window
		switch {
		case own.To > 0:
			c.wrong(args[i], `as events("A", "30d")`, "the window of a sequence ends now")
			return false
		case own.Sliding != common.Sliding, own.Sliding && own.From != common.From:
			c.wrong(args[i], `give all streams the same window or none, as events("A", "30d")`, "the streams of a sequence have different windows")
			return false
		}
		if own.Sliding {
			*own = window{}
		}
	}
	if common.Sliding {
		aggregate.Stream.Window = common
	}
	return true
}

// abandoned checks abandoned(S1, S2, "1h"). It becomes a comparison of the
// time of what was abandoned.
func (c *checker) abandoned(n ast.Node, args []ast.Node, visible scope) operand {
	if visible != profileScope {
		return of(c.insidePredicate(n, "abandoned"))
	}
	if t, isText := args[0].(*ast.StringNode); isText {
		return of(c.wrong(t, "as "+abandonedUsage, "the duration of abandoned comes last"))
	}
	aggregate := &Aggregate{Reduce: profile.ReduceAbandoned}
	fine := true
	for _, arg := range args[:2] {
		st, ok := c.step(arg, visible, "abandoned")
		if ok && st.Window.Sliding {
			c.wrong(arg, `leave the window out and add it as a condition, as count(events("A", "30d")) > 0`, "abandoned can't have a window")
			ok = false
		}
		fine = fine && ok
		aggregate.Steps = append(aggregate.Steps, st)
	}
	d, ok := c.duration(args[2])
	if !fine || !ok {
		return of(invalid)
	}
	left := &Term{Op: OpAggregate, Kind: event.KindTime, Aggregate: aggregate}
	before := &Term{Op: OpInstant, Kind: event.KindTime, Offset: -d}
	return of(&Term{Op: OpLessEqual, Kind: event.KindBool, Args: []*Term{left, before}})
}

// held checks held(condition, "7d").
func (c *checker) held(n ast.Node, args []ast.Node, s scope) operand {
	if s != profileScope {
		return of(c.insidePredicate(n, "held"))
	}
	if t, isText := args[0].(*ast.StringNode); isText {
		return of(c.wrong(t, "as "+heldUsage, "the duration of held comes last"))
	}
	condition := c.condition(args[0], s)
	d, ok := c.duration(args[1])
	if !ok || condition.Op == OpInvalid {
		return of(invalid)
	}
	return of(&Term{Op: OpHeld, Kind: event.KindBool, Args: []*Term{condition}, Offset: d})
}

func (c *checker) insidePredicate(n ast.Node, function string) *Term {
	return c.wrong(n, "a predicate sees one event or element at a time; write it beside", "%s can't be used inside a predicate", function)
}

// maxNestedHeld is how deep held(...) may stand within held(...): the text of
// each condition repeats those of all within it.
const maxNestedHeld = 8

// nestedHeld counts how deep held(...) stands within held(...).
func (t *Term) nestedHeld() int {
	depth := 0
	for _, a := range t.Args {
		depth = max(depth, a.nestedHeld())
	}
	if t.Op == OpHeld {
		depth++
	}
	return depth
}
