package rules

import (
	"strconv"
	"time"

	"muster/event"
	"muster/profile"
)

// op is what a Term does.
type op uint8

const (
	opInvalid op = iota // stands for something already reported as wrong
	opConst             // value
	opNil               // the literal nil

	// What a profile knows.
	opTrait     // name: path
	opID        // profile.id
	opFirstSeen // profile.first_seen
	opLastSeen  // profile.last_seen
	opGroups    // profile.groups
	opAggregate // aggregate
	opSegment   // name: segment id
	opBucket    // name: salt
	opInstant   // now + offset
	opHeld      // args[0] for offset milliseconds

	// What an event knows, inside a stream's predicate.
	opProperty  // name: path
	opTimestamp // event time
	opDay       // UTC day as text
	opEventName

	// What a quantifier's predicate knows of one array element.
	opElement // name: path below the element, "" for itself

	opField // args[0]'s field; name: path

	opNot
	opAnd
	opOr
	opEqual
	opNotEqual
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opPresent // args[0] != nil
	opAbsent
	opIn      // args[0] in args[1]
	opInRange // args[0] in low..high, both in value's elements
	opContains
	opStartsWith
	opEndsWith
	opMatches // args[0] matches the regular expression in name

	opAdd
	opSub
	opMul
	opDiv
	opMod
	opPow
	opNeg
	opPlus

	opLower
	opUpper
	opTrim
	opLen
	opVersion

	opCoalesce
	opCond // args: condition, then, else

	// Quantifiers over the array args[0] with predicate args[1].
	opAnyOf
	opAllOf
	opNoneOf
	opOneOf
	opCountOf
)

var opNames = [...]string{
	opInvalid: "invalid", opConst: "const", opNil: "nil", opTrait: "traits", opID: "profile.id", opFirstSeen: "profile.first_seen",
	opLastSeen: "profile.last_seen", opGroups: "profile.groups", opAggregate: "aggregate", opSegment: "segment", opBucket: "bucket",
	opInstant: "now", opHeld: "held", opProperty: "property", opTimestamp: ".timestamp", opDay: ".day", opEventName: ".name", opElement: "#",
	opField: "field", opNot: "not", opAnd: "and", opOr: "or", opEqual: "==", opNotEqual: "!=", opLess: "<", opLessEqual: "<=",
	opGreater: ">", opGreaterEqual: ">=", opPresent: "present", opAbsent: "absent", opIn: "in", opInRange: "in range",
	opContains: "contains", opStartsWith: "startsWith", opEndsWith: "endsWith", opMatches: "matches", opAdd: "+", opSub: "-",
	opMul: "*", opDiv: "/", opMod: "%", opPow: "**", opNeg: "neg", opPlus: "plus", opLower: "lower", opUpper: "upper", opTrim: "trim",
	opLen: "len", opVersion: "version", opCoalesce: "??", opCond: "?:", opAnyOf: "any", opAllOf: "all", opNoneOf: "none",
	opOneOf: "one", opCountOf: "count",
}

// maxTerms bounds a checked rule. let, and # behind map, put what they stand
// for in wherever they are used, so a short text can make a large rule.
const maxTerms = 10_000

// Term is one node of a checked rule.
type Term struct {
	op        op
	kind      event.Kind // what it yields, KindMissing when that is only known at run time
	args      []*Term
	name      string // a path, segment id, salt, or regular expression
	value     event.Value
	offset    int64 // of opInstant and opHeld, in milliseconds
	aggregate *aggregate
}

// aggregate is a reduction of a stream of events. Those of several streams
// have them as steps, and of their own stream the window only.
type aggregate struct {
	stream stream
	reduce profile.Reduce
	steps  []stream
	within int64 // from the first to the last event of a sequence, in milliseconds
}

// stream is a set of a profile's events, and optionally one value of each.
type stream struct {
	name    string // of the events; a prefix when prefix is set
	prefix  bool
	window  window
	where   *Term // nil for all
	project *Term // nil for the event itself
	unique  bool  // uniq() was applied
}

// window is a stretch of event time: (now-from, now-to] when sliding, else
// everything from since on (0: all).
type window struct {
	sliding  bool
	from, to int64 // milliseconds
	since    int64 // milliseconds since 1970
}

// String returns the term's canonical text: equal texts mean the same.
func (t *Term) String() string { return string(t.append(nil)) }

// append appends the canonical text to dst.
func (t *Term) append(dst []byte) []byte {
	dst = append(append(dst, '('), opNames[t.op]...)
	switch t.op {
	case opConst, opInRange:
		dst = appendValue(append(dst, ' '), t.value)
	case opInstant, opHeld:
		dst = strconv.AppendInt(append(dst, ' '), t.offset, 10)
	case opAggregate:
		dst = strconv.AppendInt(append(dst, ' '), int64(t.aggregate.reduce), 10)
		dst = t.aggregate.appendSteps(t.aggregate.stream.append(dst))
	}
	if t.name != "" {
		dst = strconv.AppendQuote(append(dst, ' '), t.name)
	}
	for _, a := range t.args {
		dst = a.append(append(dst, ' '))
	}
	return append(dst, ')')
}

func (s *stream) append(dst []byte) []byte {
	dst = strconv.AppendQuote(append(dst, ' '), s.name)
	w := s.window
	for _, is := range []bool{s.prefix, w.sliding} {
		dst = strconv.AppendBool(append(dst, ' '), is)
	}
	for _, ms := range []int64{w.from, w.to, w.since} {
		dst = strconv.AppendInt(append(dst, ' '), ms, 10)
	}
	for _, t := range []*Term{s.where, s.project} {
		dst = append(dst, ' ')
		if t == nil {
			dst = append(dst, '-')
			continue
		}
		dst = t.append(dst)
	}
	return dst
}

func appendValue(dst []byte, v event.Value) []byte {
	switch v.Kind() {
	case event.KindString:
		return strconv.AppendQuote(dst, v.Text())
	case event.KindNumber:
		return strconv.AppendFloat(dst, v.Number(), 'g', -1, 64)
	case event.KindBool:
		return strconv.AppendBool(dst, v.True())
	case event.KindTime:
		return time.UnixMilli(v.Millis()).UTC().AppendFormat(dst, time.RFC3339Nano)
	case event.KindVersion:
		return append(dst, v.Text()...)
	case event.KindArray:
		dst = append(dst, '[')
		for _, e := range v.Elements() {
			dst = append(appendValue(dst, e), ',')
		}
		return append(dst, ']')
	}
	return append(dst, v.Kind().String()...)
}

// each calls f with t and everything below it, except predicates of streams,
// which see events and not the profile, and conditions of held, which are
// rules of their own.
func (t *Term) each(f func(*Term)) {
	f(t)
	if t.op == opHeld {
		return
	}
	for _, a := range t.args {
		a.each(f)
	}
}

// size counts t and everything below it, predicates of streams included, as
// often as it is used. It stops counting when it passes limit.
func (t *Term) size(limit int) int {
	n := 1
	below := t.args
	if t.aggregate != nil {
		below = []*Term{t.aggregate.stream.where, t.aggregate.stream.project}
		for i := range t.aggregate.steps {
			below = append(below, t.aggregate.steps[i].where)
		}
	}
	for _, b := range below {
		if b != nil && n <= limit {
			n += b.size(limit - n)
		}
	}
	return n
}
