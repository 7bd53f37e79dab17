package rules

// connective says how a formula combines what is below it.
type connective uint8

const (
	literalOnly connective = iota
	conjunction
	disjunction
)

// formula is a rule in negation normal form: ands and ors over literals,
// negations pushed down into the literals.
type formula struct {
	op    connective
	kids  []*formula
	lit   *literal
	share float64 // estimated share of profiles for which it is true
}

// normalize turns a checked condition into a formula; negate asks for its
// complement.
func (b *builder) normalize(t *Term, negate bool) *formula {
	switch t.op {
	case opNot:
		return b.normalize(t.args[0], !negate)
	case opAnd, opOr:
		op := conjunction
		if (t.op == opOr) != negate {
			op = disjunction
		}
		return join(op, b.normalize(t.args[0], negate), b.normalize(t.args[1], negate))
	}
	lit := b.literal(t)
	if negate {
		lit.negated = !lit.negated
	}
	return &formula{lit: lit}
}

// join combines two formulas, taking in those of the same connective.
func join(op connective, parts ...*formula) *formula {
	f := &formula{op: op}
	for _, p := range parts {
		if p.op == op {
			f.kids = append(f.kids, p.kids...)
		} else {
			f.kids = append(f.kids, p)
		}
	}
	return f
}

// literals counts the literals of a formula.
func (f *formula) literals() int {
	if f.op == literalOnly {
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
	if f.op == literalOnly {
		visit(f.lit)
		return
	}
	for _, k := range f.kids {
		k.each(visit)
	}
}
