package language

import (
	"fmt"
	"regexp/syntax"

	"github.com/expr-lang/expr/ast"

	"muster/event"
)

func (c *checker) unary(node *ast.UnaryNode, s scope) *Term {
	switch node.Operator {
	case "not", "!":
		return not(c.condition(node.Node, s))
	}
	term := c.number(node.Node, s, "unary "+node.Operator)
	if term.Op == OpConst && term.Kind == event.KindNumber {
		if node.Operator == "-" {
			return Constant(event.NumberOf(-term.Value.Number()))
		}
		return term
	}
	o := OpPlus
	if node.Operator == "-" {
		o = OpNeg
	}
	return &Term{Op: o, Kind: event.KindNumber, Args: []*Term{term}}
}

func not(t *Term) *Term { return &Term{Op: OpNot, Kind: event.KindBool, Args: []*Term{t}} }

var comparisons = map[string]Op{
	"==": OpEqual, "!=": OpNotEqual, "<": OpLess, "<=": OpLessEqual, ">": OpGreater, ">=": OpGreaterEqual,
}

var textOperators = map[string]Op{"contains": OpContains, "startsWith": OpStartsWith, "endsWith": OpEndsWith}

var arithmetic = map[string]Op{
	"+": OpAdd, "-": OpSub, "*": OpMul, "/": OpDiv, "%": OpMod, "**": OpPow, "^": OpPow,
}

func (c *checker) binary(node *ast.BinaryNode, visible scope) *Term {
	if c.misread(node) {
		return c.operands(node, visible)
	}
	switch node.Operator {
	case "and", "&&":
		return &Term{Op: OpAnd, Kind: event.KindBool, Args: []*Term{c.condition(node.Left, visible), c.condition(node.Right, visible)}}
	case "or", "||":
		return &Term{Op: OpOr, Kind: event.KindBool, Args: []*Term{c.condition(node.Left, visible), c.condition(node.Right, visible)}}
	case "in":
		return c.in(node, visible)
	}
	if o, ok := comparisons[node.Operator]; ok {
		return c.comparison(node, o, visible)
	}
	if o, ok := textOperators[node.Operator]; ok {
		return c.part(node, o, visible)
	}
	if o, ok := arithmetic[node.Operator]; ok {
		return c.arithmetic(node, o, visible)
	}
	switch node.Operator {
	case "matches":
		return c.matches(node, visible)
	case "??":
		left, right := c.value(node.Left, visible), c.value(node.Right, visible)
		return &Term{Op: OpCoalesce, Kind: joint(left, right), Args: []*Term{left, right}}
	case "..":
		return c.wrong(node, "as traits.age in 18..25", "a range can only stand behind in")
	}
	return c.wrong(node, "", "the operator %s is not part of the language", node.Operator)
}

func (c *checker) comparison(node *ast.BinaryNode, op Op, visible scope) *Term {
	left, right := c.comparand(node.Left, visible), c.comparand(node.Right, visible)
	if left.Op == OpInvalid || right.Op == OpInvalid {
		return invalid
	}
	if left.Op == OpNil || right.Op == OpNil {
		return c.presence(node, op, left, right)
	}
	if left.Op == OpInstant || right.Op == OpInstant {
		if left.Op == right.Op {
			return c.wrong(node, "compare a time that the profile knows, as profile.last_seen", "both sides move with the current time")
		}
		if visible != profileScope {
			return c.wrong(node, `narrow the stream with a window instead, as events("A", "7d")`, "the current time can't be used inside a predicate")
		}
	}
	if message := mismatch(left, right); message != "" {
		return c.wrong(node, mismatchHint(left, right), "%s", message)
	}
	if badDate := unreadableDate(left, right); badDate != nil {
		return c.wrong(node, "write a time as 2026-11-21 or 2026-11-21T10:00:00Z", "%q is compared with a time but is none", badDate.Value.Text())
	}
	if message, hint := neverTrue(op, left, right); message != "" {
		return c.wrong(node, hint, "%s", message)
	}
	return &Term{Op: op, Kind: event.KindBool, Args: []*Term{left, right}}
}

func (c *checker) presence(node *ast.BinaryNode, op Op, left, right *Term) *Term {
	if left.Op == OpNil {
		left = right
	}
	test := OpAbsent
	if op == OpNotEqual {
		test = OpPresent
	}
	switch {
	case op != OpEqual && op != OpNotEqual:
		return c.wrong(node, "test with == nil or != nil", "nil is neither smaller nor greater than anything")
	case left.Op == OpNil, left.Op == OpInstant, left.Op == OpConst:
		return c.wrong(node, "test what may be missing, as traits.plan == nil", "this comparison with nil is always the same")
	}
	return &Term{Op: test, Kind: event.KindBool, Args: []*Term{left}}
}

// mismatch says why two sides can never be compared, "" when they may.
func mismatch(a, b *Term) string {
	if a.Kind == b.Kind || a.Kind == event.KindMissing || b.Kind == event.KindMissing {
		return ""
	}
	if isTime(a) && b.Kind == event.KindString || isTime(b) && a.Kind == event.KindString {
		return ""
	}
	if isTime(a) && b.Kind == event.KindNumber || isTime(b) && a.Kind == event.KindNumber {
		return "a time is compared with a number" // only one that comes with the data says what it counts
	}
	return fmt.Sprintf("%s is compared with %s, which is never true", kindPhrase(a.Kind), kindPhrase(b.Kind))
}

// mismatchHint says how to spell the constant side of a mismatch.
func mismatchHint(other, constant *Term) string {
	if constant.Op != OpConst {
		other, constant = constant, other
	}
	switch {
	case constant.Op != OpConst:
		return ""
	case isTime(other) && constant.Kind == event.KindNumber:
		return `write the time as date("2026-11-21T10:00:00Z")`
	case other.Kind == event.KindVersion && constant.Kind == event.KindString:
		return `write version("...") around it, as version(traits.app) >= version("2.10.0")`
	case other.Kind == event.KindNumber && constant.Kind == event.KindString:
		return "write a number without quotes, as len(traits.tags) == 3"
	case other.Kind == event.KindString && constant.Kind == event.KindNumber:
		return `write a string in quotes, as lower(traits.plan) == "3"`
	}
	return ""
}

func isTime(t *Term) bool { return t.Kind == event.KindTime }

// unreadableDate returns a constant text that is compared with a time and is
// not one.
func unreadableDate(a, b *Term) *Term {
	for _, p := range [][2]*Term{{a, b}, {b, a}} {
		if isTime(p[0]) && p[1].Op == OpConst && p[1].Kind == event.KindString {
			if _, ok := event.ParseTime(p[1].Value.Text()); !ok {
				return p[1]
			}
		}
	}
	return nil
}

// number checks an operand of arithmetic.
func (c *checker) number(n ast.Node, s scope, operator string) *Term {
	t := c.value(n, s)
	if t.Kind != event.KindNumber && t.Kind != event.KindMissing {
		return c.wrong(n, "", "%s wants numbers; this is %s", operator, kindPhrase(t.Kind))
	}
	return t
}

// text checks an operand of a string operator.
func (c *checker) text(n ast.Node, s scope, operator string) *Term {
	t := c.value(n, s)
	if t.Kind != event.KindString && t.Kind != event.KindMissing {
		return c.wrong(n, `an element of an array is found with in, as "vip" in traits.tags`, "%s wants strings; this is %s", operator, kindPhrase(t.Kind))
	}
	return t
}

// part checks a search for a piece of a text.
func (c *checker) part(node *ast.BinaryNode, op Op, s scope) *Term {
	args := []*Term{c.text(node.Left, s, node.Operator), c.text(node.Right, s, node.Operator)}
	if args[0].Op != OpConst && args[1].Op == OpConst {
		if message, hint := never(op, args[0], args[1].Value); message != "" {
			return c.wrong(node.Right, hint, "%s", message)
		}
	}
	return &Term{Op: op, Kind: event.KindBool, Args: args}
}

func (c *checker) arithmetic(node *ast.BinaryNode, op Op, s scope) *Term {
	left, right := c.value(node.Left, s), c.value(node.Right, s)
	if left.Op == OpInvalid || right.Op == OpInvalid {
		return invalid
	}
	kind := event.KindNumber
	if op == OpAdd {
		kind = joint(left, right)
	}
	for i, term := range []*Term{left, right} {
		ok := term.Kind == event.KindNumber || term.Kind == event.KindMissing || op == OpAdd && term.Kind == event.KindString
		if !ok {
			hint := ""
			if isTime(term) {
				hint = `compare times with ago("7d") and from_now("7d") instead`
			}
			return c.wrong([]ast.Node{node.Left, node.Right}[i], hint, "%s wants numbers; this is %s", node.Operator, kindPhrase(term.Kind))
		}
	}
	if op == OpAdd && left.Kind != right.Kind && left.Kind != event.KindMissing && right.Kind != event.KindMissing {
		return c.wrong(node, "", "a number and a string can't be added")
	}
	return &Term{Op: op, Kind: kind, Args: []*Term{left, right}}
}

func (c *checker) in(node *ast.BinaryNode, s scope) *Term {
	left := c.value(node.Left, s)
	if ends, ok := node.Right.(*ast.BinaryNode); ok && ends.Operator == ".." {
		return c.inRange(node, left, ends, s)
	}
	right := c.value(node.Right, s)
	if left.Op == OpInvalid || right.Op == OpInvalid {
		return invalid
	}
	if right.Kind != event.KindArray && right.Kind != event.KindMissing {
		return c.wrong(node.Right, `as traits.country in ["DE", "FR"] or "vip" in traits.tags`, "in wants a list on its right; this is %s", kindPhrase(right.Kind))
	}
	if message, hint := neverIn(left, right); message != "" {
		return c.wrong(node.Right, hint, "%s", message)
	}
	return &Term{Op: OpIn, Kind: event.KindBool, Args: []*Term{left, right}}
}

// neverIn says why a value can't be in a list, or not be one of its elements,
// "" when it may be.
func neverIn(left, right *Term) (message, hint string) {
	switch right.Op {
	case OpGroups:
		element := &Term{Op: OpElement, Kind: event.KindString}
		return mismatch(left, element), mismatchHint(left, element)
	case OpGroupList:
		return mismatch(left, &Term{Op: OpElement, Kind: event.KindObject}), `ids are in profile.groups, as "acme" in profile.groups`
	}
	for _, v := range right.Value.Elements() {
		if message := mismatch(left, Constant(v)); message != "" {
			return message, mismatchHint(left, Constant(v))
		}
		if message, hint := neverTrue(OpEqual, left, Constant(v)); message != "" {
			return message, hint
		}
	}
	return "", ""
}

func (c *checker) inRange(whole *ast.BinaryNode, left *Term, node *ast.BinaryNode, s scope) *Term {
	low, high := c.value(node.Left, s), c.value(node.Right, s)
	if left.Op == OpInvalid || low.Op == OpInvalid || high.Op == OpInvalid {
		return invalid
	}
	for _, t := range []*Term{low, high} {
		if t.Op != OpConst || t.Kind != event.KindNumber || t.Value.Number() != float64(int64(t.Value.Number())) {
			return c.wrong(node, "as traits.age in 18..25; otherwise compare with >= and <=", "a range has two whole numbers")
		}
	}
	if low.Value.Number() > high.Value.Number() {
		return c.wrong(node, "write the smaller one first", "the range is empty")
	}
	if m := mismatch(left, low); m != "" {
		return c.wrong(whole, mismatchHint(left, low), "%s", m)
	}
	if message, hint := neverWithin(left, low.Value.Number(), high.Value.Number()); message != "" {
		return c.wrong(whole, hint, "%s", message)
	}
	bounds := event.ArrayOf([]event.Value{low.Value, high.Value})
	return &Term{Op: OpInRange, Kind: event.KindBool, Args: []*Term{left}, Value: bounds}
}

func (c *checker) matches(n *ast.BinaryNode, s scope) *Term {
	left := c.text(n.Left, s, "matches")
	pattern := c.value(n.Right, s)
	if left.Op == OpInvalid || pattern.Op == OpInvalid {
		return invalid
	}
	if pattern.Op != OpConst || pattern.Kind != event.KindString {
		return c.wrong(n.Right, `as traits.email matches "@example[.]com$"`, "matches wants a constant regular expression")
	}
	expression, err := syntax.Parse(pattern.Value.Text(), syntax.Perl)
	switch {
	case err != nil:
		return c.wrong(n.Right, "the syntax is that of Go's regexp package", "%s", err)
	case neverMatching(left, expression):
		return c.wrong(n.Right, "write small letters behind lower, capitals behind upper", "%s never matches %s", left.Text(), FormatValue(pattern.Value))
	}
	return &Term{Op: OpMatches, Kind: event.KindBool, Args: []*Term{left}, Name: pattern.Value.Text()}
}
