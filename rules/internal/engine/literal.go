package engine

import (
	"math"

	"muster/event"
	"muster/rules/internal/language"
)

// literalKind says how a literal's truth is known.
type literalKind uint8

const (
	literalAlways   literalKind = iota // true, or false when negated
	literalRange                       // a range of an ordered scale
	literalOneOf                       // some cells of a scale
	literalBit                         // a bit of the profile's state
	literalMember                      // membership of another segment
	literalHeld                        // a condition held for long enough
	literalResidual                    // a condition that has to be computed
)

// literal is one predicate of a rule. Equal predicates of different rules
// have literals of their own that resolve to the same test.
type literal struct {
	kind    literalKind
	negated bool
	scale   *scale
	low     bound // of literalRange
	high    bound
	values  []event.Value // of literalOneOf; a missing value stands for nil
	cells   []uint16      // of literalOneOf, sorted; known once the scale is resolved
	sensor  *bitSensor    // of bit
	index   int           // of bit within its sensor, of member, holds and residual in the set
	test    test
}

// bound is one end of a range; the zero bound is none.
type bound struct {
	side   side
	number float64 // the constant that it lies beside, on a scale of numbers
	text   string  // the same on a scale of texts or versions
}

// side says on which side of its constant a bound lies.
type side uint8

const (
	sideUnbounded side = iota // there is no bound
	sideBefore
	sideBehind
)

func boundAt(v event.Value, on side) bound {
	return bound{side: on, number: v.Number(), text: v.Text()}
}

// maxRangeValues is the longest range of whole numbers that is kept as
// single cells.
const maxRangeValues = 256

// literal classifies a condition that is neither and, or nor not.
func (b *Builder) literal(t *language.Term) *literal {
	if t.Op == language.OpSegment || t.Op == language.OpHeld || !mentionsMembership(t) {
		if lit := b.indexed(t); lit != nil {
			return lit
		}
	}
	return &literal{kind: literalResidual, index: b.residual(t)}
}

// mentionsMembership reports whether a term's value depends on memberships. No scale
// follows these.
func mentionsMembership(t *language.Term) bool {
	found := false
	t.Each(func(t *language.Term) { found = found || t.Op == language.OpSegment || t.Op == language.OpHeld })
	return found
}

func (b *Builder) indexed(term *language.Term) *literal {
	switch term.Op {
	case language.OpConst:
		return &literal{kind: literalAlways, negated: !term.Value.True()}
	case language.OpSegment:
		return &literal{kind: literalMember, index: b.segment(term.Name)}
	case language.OpHeld:
		return &literal{kind: literalHeld, index: b.hold(term)}
	case language.OpEqual, language.OpNotEqual, language.OpLess, language.OpLessEqual, language.OpGreater, language.OpGreaterEqual:
		return b.comparison(term)
	case language.OpPresent, language.OpAbsent:
		return b.oneOf(term.Args[0], domainPlain, []event.Value{{}}, term.Op == language.OpPresent)
	case language.OpIn:
		return b.contained(term)
	case language.OpInRange:
		return b.wholeNumbers(term)
	case language.OpContains, language.OpStartsWith, language.OpEndsWith, language.OpMatches:
		return b.textual(term)
	case language.OpTrait, language.OpProperty, language.OpField, language.OpAggregate, language.OpLookup:
		return b.oneOf(term, domainPlain, []event.Value{event.BoolOf(true)}, false)
	}
	return nil
}

// mirrored is the operator with its sides exchanged.
var mirrored = map[language.Op]language.Op{
	language.OpEqual: language.OpEqual, language.OpNotEqual: language.OpNotEqual,
	language.OpLess: language.OpGreater, language.OpLessEqual: language.OpGreaterEqual,
	language.OpGreater: language.OpLess, language.OpGreaterEqual: language.OpLessEqual,
}

// comparison indexes the comparison of something with a constant or with
// the current time.
func (b *Builder) comparison(t *language.Term) *literal {
	left, right, op := t.Args[0], t.Args[1], t.Op
	if left.Op == language.OpConst || left.Op == language.OpInstant {
		left, right, op = right, left, mirrored[op]
	}
	switch {
	case left.Op == language.OpConst:
		return nil
	case right.Op == language.OpInstant:
		// value < now + offset is age > -offset, with age = now - value.
		return b.ordered(left, domainAge, mirrored[op], event.NumberOf(float64(-right.Offset)))
	case right.Op != language.OpConst:
		return nil
	case left.Kind == event.KindTime || right.Kind == event.KindTime:
		ms, ok := right.Value.AsTime()
		if !ok {
			return nil
		}
		return b.ordered(left, domainMoment, op, event.NumberOf(float64(ms)))
	case right.Kind == event.KindVersion:
		return b.ordered(left, domainVersions, op, event.StringOf(right.Value.Text()))
	case !plainValued(left):
		return nil
	}
	return b.plainComparison(left, op, right.Value)
}

// plainValued reports whether a term can never yield a time, which would
// compare with texts in its own way.
func plainValued(t *language.Term) bool {
	return t.Op != language.OpCond && t.Op != language.OpCoalesce
}

func (b *Builder) plainComparison(left *language.Term, op language.Op, value event.Value) *literal {
	equality := op == language.OpEqual || op == language.OpNotEqual
	switch value.Kind() {
	case event.KindNumber:
		if equality {
			return b.oneOf(left, domainPlain, []event.Value{value}, op == language.OpNotEqual)
		}
		return b.ordered(left, domainPlain, op, value)
	case event.KindString:
		switch {
		case isTimeText(value):
			return nil // timeText indexes it, where it can
		case equality:
			return b.oneOf(left, domainPlain, []event.Value{value}, op == language.OpNotEqual)
		}
		return b.ordered(left, domainTexts, op, value)
	case event.KindBool:
		if equality {
			return b.oneOf(left, domainPlain, []event.Value{value}, op == language.OpNotEqual)
		}
	}
	return nil
}

// oneOf indexes membership of a value in a set of constants.
func (b *Builder) oneOf(of *language.Term, d domain, values []event.Value, negated bool) *literal {
	s := b.scale(of, d, len(values))
	if s == nil {
		return nil
	}
	for _, v := range values {
		s.addConstant(v)
	}
	return &literal{kind: literalOneOf, scale: s, values: values, negated: negated}
}

// ordered indexes a comparison on an ordered scale.
func (b *Builder) ordered(of *language.Term, d domain, op language.Op, value event.Value) *literal {
	s := b.scale(of, d, 1)
	if s == nil {
		return nil
	}
	s.addConstant(value)
	lit := &literal{kind: literalRange, scale: s}
	switch op {
	case language.OpLess:
		lit.high = boundAt(value, sideBefore)
	case language.OpLessEqual:
		lit.high = boundAt(value, sideBehind)
	case language.OpGreater:
		lit.low = boundAt(value, sideBehind)
	case language.OpGreaterEqual:
		lit.low = boundAt(value, sideBefore)
	default:
		lit.low, lit.high, lit.negated = boundAt(value, sideBefore), boundAt(value, sideBehind), op == language.OpNotEqual
	}
	return lit
}

// contained indexes x in [constants] and constant in x.
func (b *Builder) contained(t *language.Term) *literal {
	left, right := t.Args[0], t.Args[1]
	switch {
	case left.Op == language.OpConst && right.Op != language.OpConst:
		return b.element(left.Value, right)
	case left.Op == language.OpConst || right.Op != language.OpConst || !plainValued(left) || left.Kind == event.KindTime || left.Kind == event.KindVersion:
		return nil
	}
	for _, v := range right.Value.Elements() {
		if k := v.Kind(); k != event.KindNumber && k != event.KindString && k != event.KindBool || isTimeText(v) {
			return nil
		}
	}
	if right.Value.Len() == 0 {
		return &literal{kind: literalAlways, negated: true}
	}
	return b.oneOf(left, domainPlain, right.Value.Elements(), false)
}

// wholeNumbers indexes x in low..high.
func (b *Builder) wholeNumbers(t *language.Term) *literal {
	ends := t.Value.Elements()
	low, high := ends[0].Number(), ends[1].Number()
	if high-low >= maxRangeValues || math.Abs(low) > 1<<52 {
		return nil
	}
	var values []event.Value
	for f := low; f <= high; f++ {
		values = append(values, event.NumberOf(f))
	}
	return b.oneOf(t.Args[0], domainPlain, values, false)
}
