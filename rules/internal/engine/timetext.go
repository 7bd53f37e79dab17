package engine

import (
	"muster/event"
	"muster/rules/internal/language"
)

// A text that is a time compares with other such texts as a time, and with all
// others as a text. No scale has such an order, so a comparison with a constant
// that is one becomes two: of the texts that are times, and of those that are
// not.

// isTimeText reports whether a constant is a text that is a time.
func isTimeText(v event.Value) bool {
	_, ok := v.AsTime()
	return ok && v.Kind() == event.KindString
}

// timeText indexes comparisons with texts that are times. It returns nil for
// any other condition, and for one that has to be computed.
func (b *Builder) timeText(t *language.Term) *formula {
	if t.Op == language.OpIn {
		return b.amongTimeTexts(t)
	}
	op, compares := mirrored[t.Op]
	if !compares {
		return nil
	}
	left, right := t.Args[0], t.Args[1]
	if left.Op == language.OpConst {
		left, right = right, left
	} else {
		op = t.Op
	}
	if right.Op != language.OpConst || !isTimeText(right.Value) || !mayBeText(left) {
		return nil
	}
	ms, _ := right.Value.AsTime()
	times := b.ordered(left, domainTimeTexts, op, event.NumberOf(float64(ms)))
	if op == language.OpEqual || op == language.OpNotEqual || times == nil {
		return formulaOf(times)
	}
	others := b.ordered(left, domainOtherTexts, op, right.Value)
	if others == nil {
		return nil
	}
	return join(formulaOr, formulaOf(times), formulaOf(others))
}

// amongTimeTexts indexes x in [constants] where some are texts that are times.
func (b *Builder) amongTimeTexts(t *language.Term) *formula {
	left, right := t.Args[0], t.Args[1]
	if right.Op != language.OpConst || !mayBeText(left) {
		return nil
	}
	var times, others []event.Value
	for _, v := range right.Value.Elements() {
		switch k := v.Kind(); {
		case isTimeText(v):
			ms, _ := v.AsTime()
			times = append(times, event.NumberOf(float64(ms)))
		case k == event.KindNumber, k == event.KindString, k == event.KindBool:
			others = append(others, v)
		default:
			return nil
		}
	}
	if len(times) == 0 {
		return nil
	}
	first := formulaOf(b.oneOf(left, domainTimeTexts, times, false))
	if first == nil || len(others) == 0 {
		return first
	}
	second := formulaOf(b.oneOf(left, domainPlain, others, false))
	if second == nil {
		return nil
	}
	return join(formulaOr, first, second)
}

// mayBeText reports whether a scale can follow a term that yields texts.
func mayBeText(t *language.Term) bool {
	text := t.Kind == event.KindMissing || t.Kind == event.KindString
	return text && t.Op != language.OpConst && plainValued(t) && !mentionsMembership(t)
}

// formulaOf is a literal as a formula, nil without one.
func formulaOf(lit *literal) *formula {
	if lit == nil {
		return nil
	}
	return &formula{lit: lit}
}

// complement is the formula itself, or with negate what holds where it does
// not. It changes the formula.
func (f *formula) complement(negate bool) *formula {
	switch {
	case !negate:
		return f
	case f.kind == formulaLiteral:
		f.lit.negated = !f.lit.negated
		return f
	case f.kind == formulaOr:
		f.kind = formulaAnd
	default:
		f.kind = formulaOr
	}
	for _, k := range f.kids {
		k.complement(true)
	}
	return f
}
