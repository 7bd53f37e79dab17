package language

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"muster/catalogue"
	"muster/event"
)

// Checked is a rule that is in the language.
type Checked struct {
	Term  *Term // nil with any mistake
	Uses  []Use // of segment("...")
	Parts int   // terms that it consists of, predicates of streams included
	// Lookups are the catalogues that it asks, each once for those that are asked
	// as events arrive and once for the others.
	Lookups []Lookup
}

// Use is a mention of another segment.
type Use struct {
	Segment string
	From    int
}

// Check parses and checks a rule's text. With any mistake, term is nil. It takes
// it that any catalogue is there, and any column; see Fits.
func Check(text string) (Checked, []Mistake) { return check(&checker{rule: text}) }

func check(c *checker) (Checked, []Mistake) {
	text := c.rule
	if unusable := unreadable(text); unusable != nil {
		return Checked{}, []Mistake{*unusable}
	}
	if mayLoseDigits(text) {
		c.mistakes = c.source().inexact()
	}
	node, syntax := parse(text)
	switch {
	case syntax != nil && len(c.mistakes) > 0: // the parser stops at such a number too
		return Checked{}, c.mistakes
	case syntax != nil:
		return Checked{}, []Mistake{*syntax}
	}
	term := c.condition(node, profileScope)
	parts := 0
	if len(c.mistakes) == 0 {
		parts = term.size(maxTerms)
	}
	if parts > maxTerms {
		c.wrong(node, splitHint, "the rule grows past %d parts when what let names is put in", maxTerms)
	}
	if len(c.mistakes) == 0 && term.nestedHeld() > maxNestedHeld {
		c.wrong(node, splitHint, "held stands in held more than %d deep", maxNestedHeld)
	}
	if len(c.mistakes) > 0 {
		return Checked{}, c.mistakes
	}
	return Checked{Term: term, Uses: c.uses, Parts: parts, Lookups: c.lookups}, nil
}

// checker turns syntax into terms and notes every mistake on the way. What
// is wrong becomes an OpInvalid term, of which nobody complains again.
type checker struct {
	rule     string  // its text
	scanned  *source // by source, which most rules never need
	mistakes []Mistake
	uses     []Use
	lookups  []Lookup
	bindings []binding         // of let, innermost last
	names    []string          // that stand for properties, see CheckPredicate
	alone    bool              // it is a condition on an event by itself, see CheckPredicate
	tables   *catalogue.Tables // all that there are; nil where any may be, see Fits
}

// source returns the rule's tokens.
func (c *checker) source() *source {
	if c.scanned == nil {
		s := scan(c.rule)
		c.scanned = &s
	}
	return c.scanned
}

// binding is a name that let has given to something.
type binding struct {
	name  string
	value operand
	scope scope // that let stands in
}

// scope says what a piece of a rule can see.
type scope struct {
	event   bool  // an event of a stream
	element *Term // what # stands for; nil when there is nothing or a whole event
}

var profileScope = scope{}

// operand is what a piece of syntax means: a value, a stream of events, or
// the first or last event of a stream.
type operand struct {
	term   *Term
	stream *Stream
	edge   *edge
}

var invalid = &Term{Op: OpInvalid}

// wrong notes a mistake where a piece begins, or at its operator.
func (c *checker) wrong(n ast.Node, hint, format string, args ...any) *Term {
	for m, ok := n.(*ast.MemberNode); ok; m, ok = n.(*ast.MemberNode) {
		n = m.Node
	}
	return c.wrongField(n, hint, format, args...)
}

// wrongField notes a mistake at the last name of a piece such as a.b.c.
func (c *checker) wrongField(n ast.Node, hint, format string, args ...any) *Term {
	c.mistakes = append(c.mistakes, Mistake{From: n.Location().From, Message: fmt.Sprintf(format, args...), Hint: hint})
	return invalid
}

func of(t *Term) operand { return operand{term: t} }

// condition checks a piece that is wanted to be true or false.
func (c *checker) condition(n ast.Node, s scope) *Term {
	t := c.value(n, s)
	switch t.Kind {
	case event.KindMissing, event.KindBool:
		return t
	case event.KindNumber:
		return c.wrong(n, "compare it with something, as count(...) > 0", "a condition is wanted here; this is a number")
	}
	return c.wrong(n, `compare it with something, as traits.plan == "pro"`, "a condition is wanted here; this is %s", kindPhrase(t.Kind))
}

// value checks a piece that is wanted to be a value.
func (c *checker) value(n ast.Node, s scope) *Term { return c.asValue(n, c.operand(n, s)) }

// asValue is the value that an operand is.
func (c *checker) asValue(n ast.Node, o operand) *Term {
	t := c.single(n, o)
	switch t.Op {
	case OpInstant:
		return c.wrong(n, `as traits.trial_ends_at < from_now("3d")`, "the current time can only be one side of a comparison")
	case OpNil:
		return c.wrong(n, "test with == nil or != nil", "nil can only be one side of == and !=")
	}
	return t
}

// comparand checks one side of a comparison, where nil and the current time
// may stand too.
func (c *checker) comparand(n ast.Node, s scope) *Term { return c.single(n, c.operand(n, s)) }

// single is the one value that an operand is, nil and the current time
// included.
func (c *checker) single(n ast.Node, o operand) *Term {
	switch {
	case o.stream != nil && o.stream.unique:
		return c.wrong(n, "count them, as len(uniq(map(events(\"A\"), .sku))) > 2", "distinct values are not one value")
	case o.stream != nil:
		return c.wrong(n, "count it, as count(...) > 0; sum, mean, min, max, first and last make one value of it too", "a stream of events is not a value")
	case o.edge != nil:
		return c.wrong(n, "name a property, as last(...).price; count(...) > 0 tells whether there is one", "a whole event is not a value")
	}
	if wholeRow(o.term) {
		return c.wrong(n, "name a column, as "+lookupUsage+"; that of the key tells whether there is a row", "a whole row is not a value")
	}
	return c.named(n, o.term)
}

func (c *checker) operand(node ast.Node, visible scope) operand {
	switch node := node.(type) {
	case *ast.ChainNode:
		return c.operand(node.Node, visible)
	case *ast.MemberNode:
		return c.member(node, visible).from(node)
	case *ast.IdentifierNode:
		return c.identifier(node, visible)
	case *ast.BuiltinNode:
		return c.call(node, node.Name, node.Arguments, visible)
	case *ast.CallNode:
		return c.callNode(node, visible)
	case *ast.VariableDeclaratorNode:
		return c.let(node, visible)
	case *ast.PredicateNode:
		return c.operand(node.Node, visible)
	case *ast.UnaryNode:
		return of(c.unary(node, visible))
	case *ast.BinaryNode:
		return of(c.binary(node, visible))
	case *ast.ConditionalNode:
		return of(c.conditional(node, visible))
	case *ast.PointerNode:
		return of(c.pointer(node, visible))
	}
	return of(c.literal(node))
}

func (c *checker) let(n *ast.VariableDeclaratorNode, s scope) operand {
	v := c.operand(n.Value, s)
	c.bindings = append(c.bindings, binding{n.Name, v, s})
	defer func() { c.bindings = c.bindings[:len(c.bindings)-1] }()
	return c.operand(n.Expr, s)
}

func (c *checker) conditional(n *ast.ConditionalNode, s scope) *Term {
	cond, then, otherwise := c.condition(n.Cond, s), c.value(n.Exp1, s), c.value(n.Exp2, s)
	return &Term{Op: OpCond, Kind: joint(then, otherwise), Args: []*Term{cond, then, otherwise}}
}

// joint is the kind of a term that yields one of two.
func joint(a, b *Term) event.Kind {
	if a.Kind == b.Kind {
		return a.Kind
	}
	return event.KindMissing
}

func (c *checker) callNode(n *ast.CallNode, s scope) operand {
	name, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return of(c.wrong(n, "functions stand alone, as lower(traits.plan)", "methods can't be called"))
	}
	return c.call(n, name.Value, n.Arguments, s)
}

func kindPhrase(k event.Kind) string {
	switch k {
	case event.KindArray:
		return "an array"
	case event.KindObject:
		return "an object"
	}
	return "a " + k.String()
}
