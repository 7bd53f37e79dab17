package engine

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twmb/murmur3"

	"muster/catalogue"
	"muster/event"
	"muster/profile"
	"muster/rules/internal/language"
)

// evaluator yields a term's value. It never fails: what can't be computed is
// missing.
type evaluator func(*env) event.Value

// condition tells whether a term is true. What is not a bool is false.
type condition func(*env) bool

// slots gives compiled terms the numbers under which a Set keeps what they
// look at.
type slots interface {
	trait(profile.Path) int
	query(*language.Aggregate) profile.Query
	segment(id string) int
	condition(t *language.Term) int // of a held(...)
	column(catalogue, column string) *catalogue.Column
}

// compileValue compiles a term for its value.
func compileValue(term *language.Term, numbers slots) evaluator {
	if term.Kind == event.KindBool && term.Op != language.OpConst && term.Op != language.OpCond && term.Op != language.OpCoalesce && term.Op != language.OpAggregate {
		test := compileCondition(term, numbers)
		return func(e *env) event.Value { return event.BoolOf(test(e)) }
	}
	switch term.Op {
	case language.OpConst:
		v := term.Value
		return func(*env) event.Value { return v }
	case language.OpTrait:
		path := profile.Path(term.Name)
		i := numbers.trait(path)
		return func(e *env) event.Value { return e.trait(i, path) }
	case language.OpAggregate:
		q := numbers.query(term.Aggregate)
		return func(e *env) event.Value { return e.profile.Read(e.set.schema, q, e.now) }
	case language.OpBucket:
		salt := term.Name
		return func(e *env) event.Value { return event.NumberOf(bucketOf(salt, e.profile.ID)) }
	case language.OpInstant:
		offset := term.Offset
		return func(e *env) event.Value { return event.TimeOf(e.now + offset) }
	case language.OpID, language.OpFirstSeen, language.OpLastSeen, language.OpGroups, language.OpGroupList:
		return profileField(term.Op)
	case language.OpProperty, language.OpContext, language.OpChannel, language.OpEventTime, language.OpEventDay, language.OpEventName:
		return eventField(term)
	case language.OpElement:
		keys := pathKeys(term.Name)
		return func(e *env) event.Value { return descend(e.element, keys) }
	case language.OpField:
		base, keys := compileValue(term.Args[0], numbers), pathKeys(term.Name)
		return func(e *env) event.Value { return descend(base(e), keys) }
	case language.OpLookup:
		return compileLookup(term, numbers)
	case language.OpCoalesce, language.OpCond, language.OpCountOf:
		return compileChoice(term, numbers)
	case language.OpMapOf, language.OpFilterOf, language.OpSumOf, language.OpMeanOf, language.OpMinOf, language.OpMaxOf, language.OpFlatten:
		return compileList(term, numbers)
	}
	return compileFunction(term, numbers)
}

func profileField(o language.Op) evaluator {
	switch o {
	case language.OpID:
		return func(e *env) event.Value { return event.StringOf(e.profile.ID) }
	case language.OpFirstSeen:
		return func(e *env) event.Value { return event.TimeOf(e.profile.FirstSeen) }
	case language.OpLastSeen:
		return func(e *env) event.Value { return event.TimeOf(e.profile.LastSeen) }
	}
	each := func(g *profile.Group) event.Value { return event.StringOf(g.ID) }
	if o == language.OpGroupList {
		each = (*profile.Group).Object
	}
	return func(e *env) event.Value {
		list := make([]event.Value, len(e.profile.Groups))
		for i := range e.profile.Groups {
			list[i] = each(&e.profile.Groups[i])
		}
		return event.ArrayOf(list)
	}
}

func eventField(t *language.Term) evaluator {
	switch t.Op {
	case language.OpEventTime:
		return func(e *env) event.Value { return event.TimeOf(e.event.Time) }
	case language.OpEventDay:
		return func(e *env) event.Value {
			return event.StringOf(time.UnixMilli(e.event.Time).UTC().Format(time.DateOnly))
		}
	case language.OpEventName:
		return func(e *env) event.Value { return event.StringOf(e.event.Name) }
	case language.OpChannel:
		return func(e *env) event.Value {
			if e.event.Channel == "" {
				return event.Value{}
			}
			return event.StringOf(e.event.Channel)
		}
	case language.OpContext:
		keys := pathKeys(t.Name)
		return func(e *env) event.Value { return descend(e.event.Context, keys) }
	}
	keys := pathKeys(t.Name)
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

// bucketOf gives a profile a number in 0..99.99, evenly and for good.
func bucketOf(salt, id string) float64 {
	return float64(murmur3.StringSum64(salt+"\x00"+id)%10000) / 100
}

func compileChoice(term *language.Term, numbers slots) evaluator {
	switch term.Op {
	case language.OpCond:
		test, then, otherwise := compileCondition(term.Args[0], numbers), compileValue(term.Args[1], numbers), compileValue(term.Args[2], numbers)
		return func(e *env) event.Value {
			if test(e) {
				return then(e)
			}
			return otherwise(e)
		}
	case language.OpCoalesce:
		first, second := compileValue(term.Args[0], numbers), compileValue(term.Args[1], numbers)
		return func(e *env) event.Value {
			if v := first(e); !v.IsMissing() {
				return v
			}
			return second(e)
		}
	}
	count := compileCount(term, numbers)
	return func(e *env) event.Value { return event.NumberOf(float64(count(e))) }
}

func compileFunction(term *language.Term, numbers slots) evaluator {
	first := compileValue(term.Args[0], numbers)
	switch term.Op {
	case language.OpLower:
		return onText(first, strings.ToLower)
	case language.OpUpper:
		return onText(first, strings.ToUpper)
	case language.OpTrim:
		return onText(first, strings.TrimSpace)
	case language.OpVersion:
		return func(e *env) event.Value { return language.VersionOf(first(e)) }
	case language.OpFloat, language.OpInt, language.OpText, language.OpDate:
		convert := map[language.Op]func(event.Value) event.Value{
			language.OpFloat: language.FloatOf, language.OpInt: language.IntOf, language.OpText: language.TextOf, language.OpDate: language.TimeOf,
		}[term.Op]
		return func(e *env) event.Value { return convert(first(e)) }
	case language.OpLen:
		return func(e *env) event.Value { return lengthOf(first(e)) }
	case language.OpPlus, language.OpNeg:
		factor := event.NumberOf(1)
		if term.Op == language.OpNeg {
			factor = event.NumberOf(-1)
		}
		return func(e *env) event.Value { return calculate(language.OpMul, factor, first(e)) }
	}
	second, o := compileValue(term.Args[1], numbers), term.Op
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
func compileCondition(term *language.Term, numbers slots) condition {
	switch term.Op {
	case language.OpNot:
		of := compileCondition(term.Args[0], numbers)
		return func(e *env) bool { return !of(e) }
	case language.OpAnd:
		left, right := compileCondition(term.Args[0], numbers), compileCondition(term.Args[1], numbers)
		return func(e *env) bool { return left(e) && right(e) }
	case language.OpOr:
		left, right := compileCondition(term.Args[0], numbers), compileCondition(term.Args[1], numbers)
		return func(e *env) bool { return left(e) || right(e) }
	case language.OpEqual, language.OpNotEqual, language.OpLess, language.OpLessEqual, language.OpGreater, language.OpGreaterEqual:
		left, right, o := compileValue(term.Args[0], numbers), compileValue(term.Args[1], numbers), term.Op
		return func(e *env) bool { return compare(o, left(e), right(e)) }
	case language.OpPresent, language.OpAbsent:
		of, want := compileValue(term.Args[0], numbers), term.Op == language.OpPresent
		return func(e *env) bool { return !of(e).IsMissing() == want }
	case language.OpIn:
		of, list := compileValue(term.Args[0], numbers), compileValue(term.Args[1], numbers)
		return func(e *env) bool { return contained(of(e), list(e)) }
	case language.OpInRange:
		of, bounds := compileValue(term.Args[0], numbers), term.Value.Elements()
		low, high := bounds[0].Number(), bounds[1].Number()
		return func(e *env) bool { return within(of(e), low, high) }
	case language.OpContains, language.OpStartsWith, language.OpEndsWith, language.OpMatches:
		return compileText(term, numbers)
	case language.OpSegment:
		i := numbers.segment(term.Name)
		return func(e *env) bool { return e.profile.Members.Has(i) }
	case language.OpHeld:
		h := hold{numbers.condition(term), term.Offset}
		return func(e *env) bool { return e.held(h) }
	case language.OpAnyOf, language.OpAllOf, language.OpNoneOf, language.OpOneOf:
		return compileQuantifier(term, numbers)
	}
	of := compileValue(term, numbers)
	return func(e *env) bool { return of(e).True() }
}

func compileText(term *language.Term, numbers slots) condition {
	of := compileValue(term.Args[0], numbers)
	if term.Op == language.OpMatches {
		pattern := regexp.MustCompile(term.Name)
		return func(e *env) bool {
			v := of(e)
			return v.Kind() == event.KindString && pattern.MatchString(v.Text())
		}
	}
	test := map[language.Op]func(text, part string) bool{
		language.OpContains: strings.Contains, language.OpStartsWith: strings.HasPrefix, language.OpEndsWith: strings.HasSuffix,
	}[term.Op]
	part := compileValue(term.Args[1], numbers)
	return func(e *env) bool {
		v, p := of(e), part(e)
		return v.Kind() == event.KindString && p.Kind() == event.KindString && test(v.Text(), p.Text())
	}
}

func compileQuantifier(t *language.Term, s slots) condition {
	count := compileCount(t, s)
	switch t.Op {
	case language.OpAnyOf:
		return func(e *env) bool { return count(e) > 0 }
	case language.OpOneOf:
		return func(e *env) bool { return count(e) == 1 }
	case language.OpNoneOf:
		return func(e *env) bool { return count(e) == 0 }
	}
	of := compileValue(t.Args[0], s)
	return func(e *env) bool { return count(e) == len(of(e).Elements()) }
}

// compileCount counts the elements of an array for which a predicate is
// true. What is not an array counts as an empty one.
func compileCount(t *language.Term, s slots) func(*env) int {
	of, predicate := compileValue(t.Args[0], s), compileCondition(t.Args[1], s)
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
