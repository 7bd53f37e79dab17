package rules

import (
	"math"

	"muster/event"
)

// literalKind says how a literal's truth is known.
type literalKind uint8

const (
	always   literalKind = iota // true, or false when negated
	span                        // a stretch of an ordered scale
	points                      // some cells of a scale
	bit                         // a bit of the profile's state
	member                      // membership of another segment
	holds                       // a condition held for long enough
	residual                    // a condition that has to be computed
)

// literal is one predicate of a rule. Equal predicates of different rules
// have literals of their own that resolve to the same test.
type literal struct {
	kind    literalKind
	negated bool
	scale   *scale
	low     bound // of span
	high    bound
	values  []event.Value // of points; a missing value stands for nil
	cells   []uint16      // of points, sorted; known once the scale is resolved
	sensor  *bitSensor    // of bit
	index   int           // of bit within its sensor, of member, holds and residual in the set
	test    test
}

// bound is one end of a span; the zero bound is open.
type bound struct {
	side   side
	number float64 // the constant that it lies beside, on a scale of numbers
	text   string  // the same on a scale of texts or versions
}

// side says on which side of its constant a bound lies.
type side uint8

const (
	open side = iota // there is no bound
	before
	behind
)

func boundAt(v event.Value, on side) bound {
	return bound{side: on, number: v.Number(), text: v.Text()}
}

// maxRangePoints is the longest range of whole numbers that is kept as
// single cells.
const maxRangePoints = 256

// literal classifies a condition that is neither and, or nor not.
func (b *builder) literal(t *Term) *literal {
	if t.op == opSegment || t.op == opHeld || !t.mentions() {
		if lit := b.indexed(t); lit != nil {
			return lit
		}
	}
	return &literal{kind: residual, index: b.residual(t)}
}

// mentions reports whether a term's value depends on memberships. No scale
// follows these.
func (t *Term) mentions() bool {
	found := false
	t.each(func(t *Term) { found = found || t.op == opSegment || t.op == opHeld })
	return found
}

func (b *builder) indexed(t *Term) *literal {
	switch t.op {
	case opConst:
		return &literal{kind: always, negated: !t.value.True()}
	case opSegment:
		return &literal{kind: member, index: b.segment(t.name)}
	case opHeld:
		return &literal{kind: holds, index: b.hold(t)}
	case opEqual, opNotEqual, opLess, opLessEqual, opGreater, opGreaterEqual:
		return b.comparison(t)
	case opPresent, opAbsent:
		return b.points(t.args[0], []event.Value{{}}, t.op == opPresent)
	case opIn:
		return b.contained(t)
	case opInRange:
		return b.wholeNumbers(t)
	case opContains, opStartsWith, opEndsWith, opMatches:
		return b.textual(t)
	case opTrait, opProperty, opField, opAggregate:
		return b.points(t, []event.Value{event.BoolOf(true)}, false)
	}
	return nil
}

// mirrored is the operator with its sides exchanged.
var mirrored = map[op]op{
	opEqual: opEqual, opNotEqual: opNotEqual, opLess: opGreater, opLessEqual: opGreaterEqual, opGreater: opLess, opGreaterEqual: opLessEqual,
}

// comparison indexes the comparison of something with a constant or with
// the current time.
func (b *builder) comparison(t *Term) *literal {
	left, right, o := t.args[0], t.args[1], t.op
	if left.op == opConst || left.op == opInstant {
		left, right, o = right, left, mirrored[o]
	}
	switch {
	case left.op == opConst:
		return nil
	case right.op == opInstant:
		// value < now + offset is age > -offset, with age = now - value.
		return b.ordered(left, age, mirrored[o], event.NumberOf(float64(-right.offset)))
	case right.op != opConst:
		return nil
	case left.kind == event.KindTime || right.kind == event.KindTime:
		ms, ok := timeOf(right.value)
		if !ok {
			return nil
		}
		return b.ordered(left, moment, o, event.NumberOf(float64(ms)))
	case right.kind == event.KindVersion:
		return b.ordered(left, versions, o, event.StringOf(right.value.Text()))
	case !plainValued(left):
		return nil
	}
	return b.plainComparison(left, o, right.value)
}

// plainValued reports whether a term can never yield a time, which would
// compare with texts in its own way.
func plainValued(t *Term) bool { return t.op != opCond && t.op != opCoalesce }

func (b *builder) plainComparison(left *Term, o op, v event.Value) *literal {
	equality := o == opEqual || o == opNotEqual
	switch v.Kind() {
	case event.KindNumber:
		if equality {
			return b.points(left, []event.Value{v}, o == opNotEqual)
		}
		return b.ordered(left, plain, o, v)
	case event.KindString:
		if equality {
			return b.points(left, []event.Value{v}, o == opNotEqual)
		}
		return b.ordered(left, texts, o, v)
	case event.KindBool:
		if equality {
			return b.points(left, []event.Value{v}, o == opNotEqual)
		}
	}
	return nil
}

// points indexes membership of a value in a set of constants.
func (b *builder) points(of *Term, values []event.Value, negated bool) *literal {
	s := b.scale(of, plain, len(values))
	if s == nil {
		return nil
	}
	for _, v := range values {
		s.mention(v)
	}
	return &literal{kind: points, scale: s, values: values, negated: negated}
}

// ordered indexes a comparison on an ordered scale.
func (b *builder) ordered(of *Term, d domain, o op, v event.Value) *literal {
	s := b.scale(of, d, 1)
	if s == nil {
		return nil
	}
	s.mention(v)
	lit := &literal{kind: span, scale: s}
	switch o {
	case opLess:
		lit.high = boundAt(v, before)
	case opLessEqual:
		lit.high = boundAt(v, behind)
	case opGreater:
		lit.low = boundAt(v, behind)
	case opGreaterEqual:
		lit.low = boundAt(v, before)
	default:
		lit.low, lit.high, lit.negated = boundAt(v, before), boundAt(v, behind), o == opNotEqual
	}
	return lit
}

// contained indexes x in [constants] and constant in x.
func (b *builder) contained(t *Term) *literal {
	left, right := t.args[0], t.args[1]
	switch {
	case left.op == opConst && right.op != opConst:
		return b.element(left.value, right)
	case left.op == opConst || right.op != opConst || !plainValued(left) || left.kind == event.KindTime || left.kind == event.KindVersion:
		return nil
	}
	for _, v := range right.value.Elements() {
		if k := v.Kind(); k != event.KindNumber && k != event.KindString && k != event.KindBool {
			return nil
		}
	}
	if right.value.Len() == 0 {
		return &literal{kind: always, negated: true}
	}
	return b.points(left, right.value.Elements(), false)
}

// wholeNumbers indexes x in low..high.
func (b *builder) wholeNumbers(t *Term) *literal {
	ends := t.value.Elements()
	low, high := ends[0].Number(), ends[1].Number()
	if high-low >= maxRangePoints || math.Abs(low) > 1<<52 {
		return nil
	}
	var values []event.Value
	for f := low; f <= high; f++ {
		values = append(values, event.NumberOf(f))
	}
	return b.points(t.args[0], values, false)
}
