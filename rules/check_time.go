package rules

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
func (c *checker) sequence(n ast.Node, args []ast.Node, s scope) operand {
	switch {
	case s != profileScope:
		return of(c.insidePredicate(n, "sequence"))
	case len(args) < 3:
		return of(c.wrong(n, "as "+sequenceUsage, "sequence wants a duration and then at least 2 streams"))
	case len(args) > 1+profile.MaxSteps:
		return of(c.wrong(n, splitHint, "a sequence has at most %d streams, not %d", profile.MaxSteps, len(args)-1))
	}
	within, ok := c.leadingDuration(args[0], s)
	a := &aggregate{reduce: profile.Sequence, within: within}
	for _, arg := range args[1:] {
		st, plain := c.step(arg, s, "sequence")
		ok = ok && plain
		a.steps = append(a.steps, st)
	}
	if !ok || !c.commonWindow(args[1:], a) {
		return of(invalid)
	}
	began := &Term{op: opAggregate, kind: event.KindTime, aggregate: a}
	if !a.stream.window.sliding {
		return of(&Term{op: opPresent, kind: event.KindBool, args: []*Term{began}})
	}
	from := &Term{op: opInstant, kind: event.KindTime, offset: -a.stream.window.from}
	return of(&Term{op: opGreater, kind: event.KindBool, args: []*Term{began, from}})
}

// leadingDuration checks the duration of a sequence, which comes first.
func (c *checker) leadingDuration(n ast.Node, s scope) (int64, bool) {
	o := c.operand(n, s)
	if o.stream != nil {
		c.wrong(n, "as "+sequenceUsage, "the duration of a sequence comes first")
		return 0, false
	}
	return c.durationOf(n, c.settled(n, o))
}

// step checks one of several streams that are put in order.
func (c *checker) step(n ast.Node, s scope, function string) (stream, bool) {
	st, ok := c.stream(n, s, function)
	if ok && (st.unique || st.project != nil) {
		c.wrong(n, `leave map and uniq out; narrow the events with filter(events("A"), .price > 10)`, "%s wants whole events, not a property of them", function)
		return stream{}, false
	}
	return st, ok
}

// commonWindow checks that the streams of a sequence have no window that
// slides, or all the same that ends now, and moves it from the streams to
// the sequence.
func (c *checker) commonWindow(args []ast.Node, a *aggregate) bool {
	common := a.steps[0].window
	for i := range a.steps {
		w := &a.steps[i].window
		switch {
		case w.to > 0:
			c.wrong(args[i], `as events("A", "30d")`, "the window of a sequence ends now")
			return false
		case w.sliding != common.sliding, w.sliding && w.from != common.from:
			c.wrong(args[i], `give all streams the same window or none, as events("A", "30d")`, "the streams of a sequence have different windows")
			return false
		}
		if w.sliding {
			*w = window{}
		}
	}
	if common.sliding {
		a.stream.window = common
	}
	return true
}

// abandoned checks abandoned(S1, S2, "1h"). It becomes a comparison of the
// time of what was abandoned.
func (c *checker) abandoned(n ast.Node, args []ast.Node, s scope) operand {
	if s != profileScope {
		return of(c.insidePredicate(n, "abandoned"))
	}
	if t, isText := args[0].(*ast.StringNode); isText {
		return of(c.wrong(t, "as "+abandonedUsage, "the duration of abandoned comes last"))
	}
	a := &aggregate{reduce: profile.Abandoned}
	fine := true
	for _, arg := range args[:2] {
		st, ok := c.step(arg, s, "abandoned")
		if ok && st.window.sliding {
			c.wrong(arg, `leave the window out and add it as a condition, as count(events("A", "30d")) > 0`, "abandoned can't have a window")
			ok = false
		}
		fine = fine && ok
		a.steps = append(a.steps, st)
	}
	d, ok := c.duration(args[2])
	if !fine || !ok {
		return of(invalid)
	}
	left := &Term{op: opAggregate, kind: event.KindTime, aggregate: a}
	before := &Term{op: opInstant, kind: event.KindTime, offset: -d}
	return of(&Term{op: opLessEqual, kind: event.KindBool, args: []*Term{left, before}})
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
	if !ok || condition.op == opInvalid {
		return of(invalid)
	}
	return of(&Term{op: opHeld, kind: event.KindBool, args: []*Term{condition}, offset: d})
}

func (c *checker) insidePredicate(n ast.Node, function string) *Term {
	return c.wrong(n, "a predicate sees one event or element at a time; write it beside", "%s can't be used inside a predicate", function)
}
