package engine

import (
	"muster/event"
	"muster/rules/internal/language"
)

// formulaKind says how a formula combines what is below it.
type formulaKind uint8

const (
	formulaLiteral formulaKind = iota
	formulaAnd
	formulaOr
)

// formula is a rule in negation normal form: ands and ors over literals,
// negations pushed down into the literals.
type formula struct {
	kind  formulaKind
	kids  []*formula
	lit   *literal
	share float64 // estimated share of profiles for which it is true
}

// normalize turns a checked condition into a formula; negate asks for its
// complement.
func (b *Builder) normalize(term *language.Term, negate bool) *formula {
	switch term.Op {
	case language.OpNot:
		return b.normalize(term.Args[0], !negate)
	case language.OpAnd, language.OpOr:
		op := formulaAnd
		if (term.Op == language.OpOr) != negate {
			op = formulaOr
		}
		return join(op, b.normalize(term.Args[0], negate), b.normalize(term.Args[1], negate))
	}
	if term.Op == language.OpCond && isCondition(term.Args[1]) && isCondition(term.Args[2]) && expanded(term) <= maxExpanded {
		return b.choice(term, negate)
	}
	if f := b.timeText(term); f != nil {
		return f.complement(negate)
	}
	lit := b.literal(term)
	if negate {
		lit.negated = !lit.negated
	}
	return &formula{lit: lit}
}

// choice turns c ? a : b into (c and a) or (not c and b).
func (b *Builder) choice(t *language.Term, negate bool) *formula {
	then := join(formulaAnd, b.normalize(t.Args[0], false), b.normalize(t.Args[1], negate))
	otherwise := join(formulaAnd, b.normalize(t.Args[0], true), b.normalize(t.Args[2], negate))
	return join(formulaOr, then, otherwise)
}

// maxExpanded bounds the literals that a choice may expand to. A larger one
// is computed instead of looked up.
const maxExpanded = 256

// expanded counts, up to a little over the bound, the literals that a term
// expands to.
func expanded(t *language.Term) int {
	n := 0
	switch t.Op {
	case language.OpNot, language.OpAnd, language.OpOr:
		for _, a := range t.Args {
			n = min(n+expanded(a), maxExpanded+1)
		}
		return n
	case language.OpCond:
		return min(2*expanded(t.Args[0])+expanded(t.Args[1])+expanded(t.Args[2]), maxExpanded+1)
	}
	return 1
}

// isCondition reports whether a term yields true or false and nothing else.
func isCondition(t *language.Term) bool {
	return t.Kind == event.KindBool && t.Op != language.OpAggregate
}

// join combines two formulas, taking in those of the same connective.
func join(op formulaKind, parts ...*formula) *formula {
	joined := &formula{kind: op}
	kids := 0
	for _, p := range parts {
		if p.kind == op {
			kids += len(p.kids)
		} else {
			kids++
		}
	}
	joined.kids = make([]*formula, 0, kids)
	for _, p := range parts {
		if p.kind == op {
			joined.kids = append(joined.kids, p.kids...)
		} else {
			joined.kids = append(joined.kids, p)
		}
	}
	return joined
}

// literals counts the literals of a formula.
func (f *formula) literals() int {
	if f.kind == formulaLiteral {
		return 1
	}
	n := 0
	for _, k := range f.kids {
		n += k.literals()
	}
	return n
}

// each calls visit with every literal.
func (f *formula) each(visit func(*literal)) {
	if f.kind == formulaLiteral {
		visit(f.lit)
		return
	}
	for _, k := range f.kids {
		k.each(visit)
	}
}
