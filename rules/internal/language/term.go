package language

import (
	"strconv"
	"time"

	"muster/event"
	"muster/profile"
)

// Op is what a Term does.
type Op uint8

// The ops. Behind each stands what a Term of it has beside its Op.
const (
	OpInvalid Op = iota // stands for something already reported as wrong
	OpConst             // value
	OpNil               // the literal nil

	// What a profile knows.
	OpTrait     // name: path
	OpID        // profile.id
	OpFirstSeen // profile.first_seen
	OpLastSeen  // profile.last_seen
	OpGroups    // profile.groups
	OpGroupList // groups, with their traits
	OpAggregate // aggregate
	OpSegment   // name: segment id
	OpBucket    // name: salt
	OpInstant   // now + offset
	OpHeld      // args[0] for offset milliseconds

	// What an event knows, inside a stream's predicate.
	OpProperty  // name: path, "" for all properties
	OpContext   // name: path within the event's context, "" for all of it
	OpChannel   // .event_channel
	OpEventTime // .event_time
	OpEventDay  // .event_day: the UTC day as text
	OpEventName // .event_name

	// What a quantifier's predicate knows of one array element.
	OpElement // name: path below the element, "" for itself

	OpField // args[0]'s field; name: path

	OpNot
	OpAnd
	OpOr
	OpEqual
	OpNotEqual
	OpLess
	OpLessEqual
	OpGreater
	OpGreaterEqual
	OpPresent // args[0] != nil
	OpAbsent
	OpIn      // args[0] in args[1]
	OpInRange // args[0] in low..high, both in value's elements
	OpContains
	OpStartsWith
	OpEndsWith
	OpMatches // args[0] matches the regular expression in name

	OpAdd
	OpSub
	OpMul
	OpDiv
	OpMod
	OpPow
	OpNeg
	OpPlus

	OpLower
	OpUpper
	OpTrim
	OpLen
	OpVersion
	OpFloat
	OpInt
	OpText // string(x)
	OpDate
	OpLookup // the column name of the row of the catalogue value whose key is args[0]

	OpCoalesce
	OpCond // args: condition, then, else

	// Quantifiers over the array args[0] with predicate args[1].
	OpAnyOf
	OpAllOf
	OpNoneOf
	OpOneOf
	OpCountOf

	// Of the array args[0] too, with what is said of each element, args[1].
	OpMapOf
	OpFilterOf
	OpSumOf
	OpMeanOf
	OpMinOf
	OpMaxOf

	OpFlatten // of a stream's projection only: the values of the array args[0], of arrays in it too
)

var opNames = [...]string{
	OpInvalid: "invalid", OpConst: "const", OpNil: "nil", OpTrait: "traits", OpID: "profile.id", OpFirstSeen: "profile.first_seen",
	OpLastSeen: "profile.last_seen", OpGroups: "profile.groups", OpGroupList: "groups", OpAggregate: "aggregate", OpSegment: "segment", OpBucket: "bucket",
	OpInstant: "now", OpHeld: "held", OpProperty: "property", OpContext: "context", OpChannel: ".event_channel", OpEventTime: ".event_time", OpEventDay: ".event_day", OpEventName: ".event_name", OpElement: "#",
	OpField: "field", OpNot: "not", OpAnd: "and", OpOr: "or", OpEqual: "==", OpNotEqual: "!=", OpLess: "<", OpLessEqual: "<=",
	OpGreater: ">", OpGreaterEqual: ">=", OpPresent: "present", OpAbsent: "absent", OpIn: "in", OpInRange: "in range",
	OpContains: "contains", OpStartsWith: "startsWith", OpEndsWith: "endsWith", OpMatches: "matches", OpAdd: "+", OpSub: "-",
	OpMul: "*", OpDiv: "/", OpMod: "%", OpPow: "**", OpNeg: "neg", OpPlus: "plus", OpLower: "lower", OpUpper: "upper", OpTrim: "trim",
	OpLen: "len", OpVersion: "version", OpFloat: "float", OpInt: "int", OpText: "string", OpDate: "date", OpLookup: "lookup", OpCoalesce: "??", OpCond: "?:", OpAnyOf: "any", OpAllOf: "all", OpNoneOf: "none",
	OpOneOf: "one", OpCountOf: "count", OpMapOf: "map", OpFilterOf: "filter", OpSumOf: "sum", OpMeanOf: "mean", OpMinOf: "min",
	OpMaxOf: "max", OpFlatten: "flatten",
}

// String is the op's name: that of the language, where it has one.
func (o Op) String() string { return opNames[o] }

// kept is the op's name in canonical texts. Series and conditions are stored
// under these, so an op that rules spell in another way than they once did
// keeps its first name there: who rewrites a rule goes on with what was kept
// for it. No property can be mistaken for one, as its canonical text is
// another.
func (o Op) kept() string {
	switch o {
	case OpEventTime:
		return ".timestamp"
	case OpEventDay:
		return ".day"
	case OpEventName:
		return ".name"
	}
	return opNames[o]
}

// maxTerms bounds a checked rule. let, and # behind map, put what they stand
// for in wherever they are used, so a short text can make a large rule.
const maxTerms = 10_000

// Term is one node of a checked rule.
type Term struct {
	Op        Op
	Kind      event.Kind // what it yields, KindMissing when that is only known at run time
	Args      []*Term
	Name      string // a path, segment id, salt, column, or regular expression
	Value     event.Value
	Offset    int64 // of OpInstant and OpHeld, in milliseconds
	Aggregate *Aggregate
	From      int // of a trait, property or field of an element: where it is named in the rule, in runes
}

// Aggregate is a reduction of a stream of events. Those of several streams
// have them as steps, and of their own stream the window only.
type Aggregate struct {
	Stream Stream
	Reduce profile.Reduce
	Steps  []Stream
	Within int64 // from the first to the last event of a sequence, in milliseconds
}

// Stream is a set of a profile's events, and optionally one value of each.
type Stream struct {
	Name    string // of the events; a prefix when prefix is set
	Prefix  bool
	Window  window
	Where   *Term // nil for all
	Project *Term // nil for the event itself
	From    int   // where the name stands in the rule, in runes
	Calls   bool  // it has every call, not only those that events(...) sees
	unique  bool  // uniq() was applied
}

// window is a part of event time: (now-from, now-to] when sliding, else
// everything from since on (0: all).
type window struct {
	Sliding  bool
	From, To int64 // milliseconds
	Since    int64 // milliseconds since 1970
}

// String returns the term's canonical text: equal texts mean the same.
func (t *Term) String() string { return string(t.AppendCanonical(nil)) }

// AppendCanonical appends the canonical text to dst.
func (t *Term) AppendCanonical(dst []byte) []byte {
	dst = append(append(dst, '('), t.Op.kept()...)
	switch t.Op {
	case OpConst, OpInRange, OpLookup:
		dst = appendValue(append(dst, ' '), t.Value)
	case OpInstant, OpHeld:
		dst = strconv.AppendInt(append(dst, ' '), t.Offset, 10)
	case OpAggregate:
		dst = strconv.AppendInt(append(dst, ' '), int64(t.Aggregate.Reduce), 10)
		dst = t.Aggregate.appendSteps(t.Aggregate.Stream.appendCanonical(dst))
	}
	if t.Name != "" {
		dst = strconv.AppendQuote(append(dst, ' '), t.Name)
	}
	for _, a := range t.Args {
		dst = a.AppendCanonical(append(dst, ' '))
	}
	return append(dst, ')')
}

func (s *Stream) appendCanonical(dst []byte) []byte {
	dst = strconv.AppendQuote(append(dst, ' '), s.Name)
	if s.Calls {
		dst = append(dst, " calls"...)
	}
	w := s.Window
	for _, is := range []bool{s.Prefix, w.Sliding} {
		dst = strconv.AppendBool(append(dst, ' '), is)
	}
	for _, ms := range []int64{w.From, w.To, w.Since} {
		dst = strconv.AppendInt(append(dst, ' '), ms, 10)
	}
	for _, t := range []*Term{s.Where, s.Project} {
		dst = append(dst, ' ')
		if t == nil {
			dst = append(dst, '-')
			continue
		}
		dst = t.AppendCanonical(dst)
	}
	return dst
}

func appendValue(dst []byte, value event.Value) []byte {
	switch value.Kind() {
	case event.KindString:
		return strconv.AppendQuote(dst, value.Text())
	case event.KindNumber:
		return strconv.AppendFloat(dst, value.Number(), 'g', -1, 64)
	case event.KindBool:
		return strconv.AppendBool(dst, value.True())
	case event.KindTime:
		return time.UnixMilli(value.Millis()).UTC().AppendFormat(dst, time.RFC3339Nano)
	case event.KindVersion:
		return append(dst, value.Text()...)
	case event.KindArray:
		dst = append(dst, '[')
		for _, e := range value.Elements() {
			dst = append(appendValue(dst, e), ',')
		}
		return append(dst, ']')
	}
	return append(dst, value.Kind().String()...)
}

// Each calls f with t and everything below it, except predicates of streams,
// which see events and not the profile, and conditions of held, which are
// rules of their own.
func (t *Term) Each(f func(*Term)) {
	f(t)
	if t.Op == OpHeld {
		return
	}
	for _, a := range t.Args {
		a.Each(f)
	}
}

// Deep calls f with t and everything below it, what stands in held(...)
// included, each before what is below it.
func (t *Term) Deep(f func(*Term)) {
	t.Each(func(u *Term) {
		f(u)
		if u.Op == OpHeld {
			u.Args[0].Deep(f)
		}
	})
}

// size counts t and everything below it, predicates of streams included, as
// often as it is used. It stops counting when it passes limit.
func (t *Term) size(limit int) int {
	total := 1
	for _, b := range t.below() {
		if b != nil && total <= limit {
			total += b.size(limit - total)
		}
	}
	return total
}

// below lists what a term consists of, nil for what there is not, predicates
// of streams included.
func (t *Term) below() []*Term {
	if t.Aggregate == nil {
		return t.Args
	}
	below := []*Term{t.Aggregate.Stream.Where, t.Aggregate.Stream.Project}
	for i := range t.Aggregate.Steps {
		below = append(below, t.Aggregate.Steps[i].Where)
	}
	return below
}
