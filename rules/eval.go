package rules

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twmb/murmur3"

	"muster/event"
	"muster/profile"
)

// env is what a compiled term looks at.
type env struct {
	set     *Set
	profile *profile.Profile
	now     int64
	since   map[int]int64 // by condition of held(...), to look ahead with; nil for what the profile says
	traits  *traitCache   // of the profile, nil where none is kept
	event   *event.Event  // inside a stream's predicate
	element event.Value   // inside a quantifier's predicate
}

// traitCache remembers the traits that were read, or brought by an event,
// during one evaluation: finding one in a large profile is slow.
type traitCache struct {
	turn   uint64
	turns  []uint64 // by trait: turn in which the value was read
	values []event.Value
}

// forgotten marks, beside the turn, a trait whose value is to be read when it
// is asked for.
const forgotten = 1 << 63

func (c *traitCache) put(i int, v *event.Value) { c.turns[i], c.values[i] = c.turn, *v }

// tell puts a value, or with nil has it read when it is asked for.
func (c *traitCache) tell(i int, v *event.Value) {
	if v == nil {
		c.turns[i] = c.turn | forgotten
		return
	}
	c.put(i, v)
}

// told reports whether a trait was told in this turn.
func (c *traitCache) told(i int) bool { return c.turns[i]&^forgotten == c.turn }

func (e *env) trait(i int, path profile.Path) event.Value {
	c := e.traits
	if c == nil {
		return e.profile.Traits.Get(path)
	}
	if c.turns[i] != c.turn {
		v := e.profile.Traits.Get(path)
		c.put(i, &v)
	}
	return c.values[i]
}

// evaluator yields a term's value. It never fails: what can't be computed is
// missing.
type evaluator func(*env) event.Value

// condition tells whether a term is true. What is not a bool is false.
type condition func(*env) bool

// slots gives compiled terms the numbers under which a Set keeps what they
// look at.
type slots interface {
	trait(profile.Path) int
	query(*aggregate) profile.Query
	segment(id string) int
	condition(t *Term) int // of a held(...)
}

// compileValue compiles a term for its value.
func compileValue(t *Term, s slots) evaluator {
	if t.kind == event.KindBool && t.op != opConst && t.op != opCond && t.op != opCoalesce && t.op != opAggregate {
		test := compileCondition(t, s)
		return func(e *env) event.Value { return event.BoolOf(test(e)) }
	}
	switch t.op {
	case opConst:
		v := t.value
		return func(*env) event.Value { return v }
	case opTrait:
		path := profile.Path(t.name)
		i := s.trait(path)
		return func(e *env) event.Value { return e.trait(i, path) }
	case opAggregate:
		q := s.query(t.aggregate)
		return func(e *env) event.Value { return e.profile.Read(e.set.schema, q, e.now) }
	case opBucket:
		salt := t.name
		return func(e *env) event.Value { return event.NumberOf(bucketOf(salt, e.profile.ID)) }
	case opInstant:
		offset := t.offset
		return func(e *env) event.Value { return event.TimeOf(e.now + offset) }
	case opID, opFirstSeen, opLastSeen, opGroups:
		return profileField(t.op)
	case opProperty, opTimestamp, opDay, opEventName:
		return eventField(t)
	case opElement:
		keys := pathKeys(t.name)
		return func(e *env) event.Value { return descend(e.element, keys) }
	case opField:
		base, keys := compileValue(t.args[0], s), pathKeys(t.name)
		return func(e *env) event.Value { return descend(base(e), keys) }
	case opCoalesce, opCond, opCountOf:
		return compileChoice(t, s)
	}
	return compileFunction(t, s)
}

func profileField(o op) evaluator {
	switch o {
	case opID:
		return func(e *env) event.Value { return event.StringOf(e.profile.ID) }
	case opFirstSeen:
		return func(e *env) event.Value { return event.TimeOf(e.profile.FirstSeen) }
	case opLastSeen:
		return func(e *env) event.Value { return event.TimeOf(e.profile.LastSeen) }
	}
	return func(e *env) event.Value {
		list := make([]event.Value, len(e.profile.Groups))
		for i, g := range e.profile.Groups {
			list[i] = event.StringOf(g)
		}
		return event.ArrayOf(list)
	}
}

func eventField(t *Term) evaluator {
	switch t.op {
	case opTimestamp:
		return func(e *env) event.Value { return event.TimeOf(e.event.Time) }
	case opDay:
		return func(e *env) event.Value {
			return event.StringOf(time.UnixMilli(e.event.Time).UTC().Format(time.DateOnly))
		}
	case opEventName:
		return func(e *env) event.Value { return event.StringOf(e.event.Name) }
	}
	keys := pathKeys(t.name)
	return func(e *env) event.Value { return descend(e.event.Body, keys) }
}

func pathKeys(name string) []string {
	if name == "" {
		return nil
	}
	return profile.Path(name).Keys()
}

func descend(v event.Value, keys []string) event.Value {
	for _, k := range keys {
		v = v.Get(k)
	}
	return v
}

// bucketOf places a profile in 0..99.99, evenly and for good.
func bucketOf(salt, id string) float64 {
	return float64(murmur3.StringSum64(salt+"\x00"+id)%10000) / 100
}

func compileChoice(t *Term, s slots) evaluator {
	switch t.op {
	case opCond:
		test, then, otherwise := compileCondition(t.args[0], s), compileValue(t.args[1], s), compileValue(t.args[2], s)
		return func(e *env) event.Value {
			if test(e) {
				return then(e)
			}
			return otherwise(e)
		}
	case opCoalesce:
		first, second := compileValue(t.args[0], s), compileValue(t.args[1], s)
		return func(e *env) event.Value {
			if v := first(e); !v.IsMissing() {
				return v
			}
			return second(e)
		}
	}
	count := compileCount(t, s)
	return func(e *env) event.Value { return event.NumberOf(float64(count(e))) }
}

func compileFunction(t *Term, s slots) evaluator {
	first := compileValue(t.args[0], s)
	switch t.op {
	case opLower:
		return onText(first, strings.ToLower)
	case opUpper:
		return onText(first, strings.ToUpper)
	case opTrim:
		return onText(first, strings.TrimSpace)
	case opVersion:
		return func(e *env) event.Value { return versionOf(first(e)) }
	case opLen:
		return func(e *env) event.Value { return lengthOf(first(e)) }
	case opPlus, opNeg:
		factor := event.NumberOf(1)
		if t.op == opNeg {
			factor = event.NumberOf(-1)
		}
		return func(e *env) event.Value { return calculate(opMul, factor, first(e)) }
	}
	second, o := compileValue(t.args[1], s), t.op
	return func(e *env) event.Value { return calculate(o, first(e), second(e)) }
}

func onText(of evaluator, f func(string) string) evaluator {
	return func(e *env) event.Value {
		v := of(e)
		if v.Kind() != event.KindString {
			return event.Value{}
		}
		return event.StringOf(f(v.Text()))
	}
}

func lengthOf(v event.Value) event.Value {
	switch v.Kind() {
	case event.KindString:
		return event.NumberOf(float64(utf8.RuneCountInString(v.Text())))
	case event.KindArray:
		return event.NumberOf(float64(v.Len()))
	}
	return event.Value{}
}

// compileCondition compiles a term for its truth.
func compileCondition(t *Term, s slots) condition {
	switch t.op {
	case opNot:
		of := compileCondition(t.args[0], s)
		return func(e *env) bool { return !of(e) }
	case opAnd:
		left, right := compileCondition(t.args[0], s), compileCondition(t.args[1], s)
		return func(e *env) bool { return left(e) && right(e) }
	case opOr:
		left, right := compileCondition(t.args[0], s), compileCondition(t.args[1], s)
		return func(e *env) bool { return left(e) || right(e) }
	case opEqual, opNotEqual, opLess, opLessEqual, opGreater, opGreaterEqual:
		left, right, o := compileValue(t.args[0], s), compileValue(t.args[1], s), t.op
		return func(e *env) bool { return compare(o, left(e), right(e)) }
	case opPresent, opAbsent:
		of, want := compileValue(t.args[0], s), t.op == opPresent
		return func(e *env) bool { return !of(e).IsMissing() == want }
	case opIn:
		of, list := compileValue(t.args[0], s), compileValue(t.args[1], s)
		return func(e *env) bool { return contained(of(e), list(e)) }
	case opInRange:
		of, bounds := compileValue(t.args[0], s), t.value.Elements()
		low, high := bounds[0].Number(), bounds[1].Number()
		return func(e *env) bool { return within(of(e), low, high) }
	case opContains, opStartsWith, opEndsWith, opMatches:
		return compileText(t, s)
	case opSegment:
		i := s.segment(t.name)
		return func(e *env) bool { return e.profile.Members.Has(i) }
	case opHeld:
		h := hold{s.condition(t), t.offset}
		return func(e *env) bool { return e.held(h) }
	case opAnyOf, opAllOf, opNoneOf, opOneOf:
		return compileQuantifier(t, s)
	}
	of := compileValue(t, s)
	return func(e *env) bool { return of(e).True() }
}

func compileText(t *Term, s slots) condition {
	of := compileValue(t.args[0], s)
	if t.op == opMatches {
		pattern := regexp.MustCompile(t.name)
		return func(e *env) bool {
			v := of(e)
			return v.Kind() == event.KindString && pattern.MatchString(v.Text())
		}
	}
	test := map[op]func(s, part string) bool{
		opContains: strings.Contains, opStartsWith: strings.HasPrefix, opEndsWith: strings.HasSuffix,
	}[t.op]
	part := compileValue(t.args[1], s)
	return func(e *env) bool {
		v, p := of(e), part(e)
		return v.Kind() == event.KindString && p.Kind() == event.KindString && test(v.Text(), p.Text())
	}
}

func compileQuantifier(t *Term, s slots) condition {
	count := compileCount(t, s)
	switch t.op {
	case opAnyOf:
		return func(e *env) bool { return count(e) > 0 }
	case opOneOf:
		return func(e *env) bool { return count(e) == 1 }
	case opNoneOf:
		return func(e *env) bool { return count(e) == 0 }
	}
	of := compileValue(t.args[0], s)
	return func(e *env) bool { return count(e) == len(of(e).Elements()) }
}

// compileCount counts the elements of an array for which a predicate is
// true. What is not an array counts as an empty one.
func compileCount(t *Term, s slots) func(*env) int {
	of, predicate := compileValue(t.args[0], s), compileCondition(t.args[1], s)
	return func(e *env) int {
		n, outer := 0, e.element
		for _, v := range of(e).Elements() {
			e.element = v
			if predicate(e) {
				n++
			}
			e.element = outer
		}
		return n
	}
}
