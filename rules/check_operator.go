package rules

import (
	"fmt"
	"regexp/syntax"
	"time"

	"github.com/expr-lang/expr/ast"

	"muster/event"
)

func (c *checker) unary(n *ast.UnaryNode, s scope) *Term {
	switch n.Operator {
	case "not", "!":
		return not(c.condition(n.Node, s))
	}
	t := c.number(n.Node, s, "unary "+n.Operator)
	if t.op == opConst && t.kind == event.KindNumber {
		if n.Operator == "-" {
			return constant(event.NumberOf(-t.value.Number()))
		}
		return t
	}
	o := opPlus
	if n.Operator == "-" {
		o = opNeg
	}
	return &Term{op: o, kind: event.KindNumber, args: []*Term{t}}
}

func not(t *Term) *Term { return &Term{op: opNot, kind: event.KindBool, args: []*Term{t}} }

var comparisons = map[string]op{
	"==": opEqual, "!=": opNotEqual, "<": opLess, "<=": opLessEqual, ">": opGreater, ">=": opGreaterEqual,
}

var textOperators = map[string]op{"contains": opContains, "startsWith": opStartsWith, "endsWith": opEndsWith}

var arithmetic = map[string]op{
	"+": opAdd, "-": opSub, "*": opMul, "/": opDiv, "%": opMod, "**": opPow, "^": opPow,
}

func (c *checker) binary(n *ast.BinaryNode, s scope) *Term {
	switch n.Operator {
	case "and", "&&":
		return &Term{op: opAnd, kind: event.KindBool, args: []*Term{c.condition(n.Left, s), c.condition(n.Right, s)}}
	case "or", "||":
		return &Term{op: opOr, kind: event.KindBool, args: []*Term{c.condition(n.Left, s), c.condition(n.Right, s)}}
	case "in":
		return c.in(n, s)
	}
	if o, ok := comparisons[n.Operator]; ok {
		return c.comparison(n, o, s)
	}
	if o, ok := textOperators[n.Operator]; ok {
		args := []*Term{c.text(n.Left, s, n.Operator), c.text(n.Right, s, n.Operator)}
		return &Term{op: o, kind: event.KindBool, args: args}
	}
	if o, ok := arithmetic[n.Operator]; ok {
		return c.arithmetic(n, o, s)
	}
	switch n.Operator {
	case "matches":
		return c.matches(n, s)
	case "??":
		left, right := c.value(n.Left, s), c.value(n.Right, s)
		return &Term{op: opCoalesce, kind: joint(left, right), args: []*Term{left, right}}
	case "..":
		return c.wrong(n, "as traits.age in 18..25", "a range can only stand behind in")
	}
	return c.wrong(n, "", "the operator %s is not part of the language", n.Operator)
}

func (c *checker) comparison(n *ast.BinaryNode, o op, s scope) *Term {
	left, right := c.comparand(n.Left, s), c.comparand(n.Right, s)
	if left.op == opInvalid || right.op == opInvalid {
		return invalid
	}
	if left.op == opNil || right.op == opNil {
		return c.presence(n, o, left, right)
	}
	if left.op == opInstant || right.op == opInstant {
		if left.op == right.op {
			return c.wrong(n, "compare a time that the profile knows, as profile.last_seen", "both sides move with the current time")
		}
		if s != profileScope {
			return c.wrong(n, `narrow the stream with a window instead, as events("A", "7d")`, "the current time can't be used inside a predicate")
		}
	}
	if message := mismatch(left, right); message != "" {
		return c.wrong(n, mismatchHint(left, right), "%s", message)
	}
	if badDate := unreadableDate(left, right); badDate != nil {
		return c.wrong(n, "write a time as 2026-11-21 or 2026-11-21T10:00:00Z", "%q is compared with a time but is none", badDate.value.Text())
	}
	return &Term{op: o, kind: event.KindBool, args: []*Term{left, right}}
}

func (c *checker) presence(n *ast.BinaryNode, o op, left, right *Term) *Term {
	if left.op == opNil {
		left = right
	}
	test := opAbsent
	if o == opNotEqual {
		test = opPresent
	}
	switch {
	case o != opEqual && o != opNotEqual:
		return c.wrong(n, "test with == nil or != nil", "nil is neither smaller nor greater than anything")
	case left.op == opNil, left.op == opInstant, left.op == opConst:
		return c.wrong(n, "test what may be missing, as traits.plan == nil", "this comparison with nil is always the same")
	}
	return &Term{op: test, kind: event.KindBool, args: []*Term{left}}
}

// mismatch says why two sides can never be compared, "" when they may.
func mismatch(a, b *Term) string {
	if a.kind == b.kind || a.kind == event.KindMissing || b.kind == event.KindMissing {
		return ""
	}
	if isTime(a) && b.kind == event.KindString || isTime(b) && a.kind == event.KindString {
		return ""
	}
	return fmt.Sprintf("%s is compared with %s, which is never true", kindPhrase(a.kind), kindPhrase(b.kind))
}

// mismatchHint says how to spell the constant side of a mismatch.
func mismatchHint(a, b *Term) string {
	if b.op != opConst {
		a, b = b, a
	}
	switch {
	case b.op != opConst:
		return ""
	case a.kind == event.KindVersion && b.kind == event.KindString:
		return `write version("...") around it, as version(traits.app) >= version("2.10.0")`
	case a.kind == event.KindNumber && b.kind == event.KindString:
		return "write a number without quotes, as len(traits.tags) == 3"
	case a.kind == event.KindString && b.kind == event.KindNumber:
		return `write a string in quotes, as lower(traits.plan) == "3"`
	}
	return ""
}

func isTime(t *Term) bool { return t.kind == event.KindTime }

// unreadableDate returns a constant text that is compared with a time and is
// not one.
func unreadableDate(a, b *Term) *Term {
	for _, p := range [][2]*Term{{a, b}, {b, a}} {
		if isTime(p[0]) && p[1].op == opConst && p[1].kind == event.KindString {
			if _, ok := parseTime(p[1].value.Text()); !ok {
				return p[1]
			}
		}
	}
	return nil
}

// parseTime reads a text that is compared with a time: RFC 3339, or a date
// that stands for its midnight in UTC.
func parseTime(s string) (int64, bool) {
	if len(s) < len(time.DateOnly) || s[4] != '-' {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.Parse(time.DateOnly, s)
	}
	return t.UnixMilli(), err == nil
}

// number checks an operand of arithmetic.
func (c *checker) number(n ast.Node, s scope, operator string) *Term {
	t := c.value(n, s)
	if t.kind != event.KindNumber && t.kind != event.KindMissing {
		return c.wrong(n, "", "%s wants numbers; this is %s", operator, kindPhrase(t.kind))
	}
	return t
}

// text checks an operand of a string operator.
func (c *checker) text(n ast.Node, s scope, operator string) *Term {
	t := c.value(n, s)
	if t.kind != event.KindString && t.kind != event.KindMissing {
		return c.wrong(n, `an element of an array is found with in, as "vip" in traits.tags`, "%s wants strings; this is %s", operator, kindPhrase(t.kind))
	}
	return t
}

func (c *checker) arithmetic(n *ast.BinaryNode, o op, s scope) *Term {
	left, right := c.value(n.Left, s), c.value(n.Right, s)
	if left.op == opInvalid || right.op == opInvalid {
		return invalid
	}
	kind := event.KindNumber
	if o == opAdd {
		kind = joint(left, right)
	}
	for i, t := range []*Term{left, right} {
		ok := t.kind == event.KindNumber || t.kind == event.KindMissing || o == opAdd && t.kind == event.KindString
		if !ok {
			hint := ""
			if isTime(t) {
				hint = `compare times with ago("7d") and from_now("7d") instead`
			}
			return c.wrong([]ast.Node{n.Left, n.Right}[i], hint, "%s wants numbers; this is %s", n.Operator, kindPhrase(t.kind))
		}
	}
	if o == opAdd && left.kind != right.kind && left.kind != event.KindMissing && right.kind != event.KindMissing {
		return c.wrong(n, "", "a number and a string can't be added")
	}
	return &Term{op: o, kind: kind, args: []*Term{left, right}}
}

func (c *checker) in(n *ast.BinaryNode, s scope) *Term {
	left := c.value(n.Left, s)
	if span, ok := n.Right.(*ast.BinaryNode); ok && span.Operator == ".." {
		return c.inRange(n, left, span, s)
	}
	right := c.value(n.Right, s)
	if left.op == opInvalid || right.op == opInvalid {
		return invalid
	}
	if right.kind != event.KindArray && right.kind != event.KindMissing {
		return c.wrong(n.Right, `as traits.country in ["DE", "FR"] or "vip" in traits.tags`, "in wants a list on its right; this is %s", kindPhrase(right.kind))
	}
	if left.kind != event.KindMissing {
		for _, v := range right.value.Elements() {
			if m := mismatch(left, constant(v)); m != "" {
				return c.wrong(n.Right, mismatchHint(left, constant(v)), "%s", m)
			}
		}
	}
	return &Term{op: opIn, kind: event.KindBool, args: []*Term{left, right}}
}

func (c *checker) inRange(n *ast.BinaryNode, left *Term, span *ast.BinaryNode, s scope) *Term {
	low, high := c.value(span.Left, s), c.value(span.Right, s)
	if left.op == opInvalid || low.op == opInvalid || high.op == opInvalid {
		return invalid
	}
	for _, t := range []*Term{low, high} {
		if t.op != opConst || t.kind != event.KindNumber || t.value.Number() != float64(int64(t.value.Number())) {
			return c.wrong(span, "as traits.age in 18..25; otherwise compare with >= and <=", "a range has two whole numbers")
		}
	}
	if low.value.Number() > high.value.Number() {
		return c.wrong(span, "write the smaller one first", "the range is empty")
	}
	if m := mismatch(left, low); m != "" {
		return c.wrong(n, mismatchHint(left, low), "%s", m)
	}
	bounds := event.ArrayOf([]event.Value{low.value, high.value})
	return &Term{op: opInRange, kind: event.KindBool, args: []*Term{left}, value: bounds}
}

func (c *checker) matches(n *ast.BinaryNode, s scope) *Term {
	left := c.text(n.Left, s, "matches")
	pattern := c.value(n.Right, s)
	if left.op == opInvalid || pattern.op == opInvalid {
		return invalid
	}
	if pattern.op != opConst || pattern.kind != event.KindString {
		return c.wrong(n.Right, `as traits.email matches "@example[.]com$"`, "matches wants a constant regular expression")
	}
	if _, err := syntax.Parse(pattern.value.Text(), syntax.Perl); err != nil {
		return c.wrong(n.Right, "the syntax is that of Go's regexp package", "%s", err)
	}
	return &Term{op: opMatches, kind: event.KindBool, args: []*Term{left}, name: pattern.value.Text()}
}
