package rules

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/event"
	"muster/profile"
)

// format writes a term back as text of the language. What the check has
// rewritten appears in its rewritten form: any(S, p) is count(S, p) > 0.
func (t *Term) format() string {
	arg := func(i int) string { return t.args[i].nested() }
	if text, timed := t.formatTimed(); timed {
		return text
	}
	switch t.op {
	case opConst:
		return formatValue(t.value)
	case opNil:
		return "nil"
	case opTrait:
		return "traits" + formatPath(t.name)
	case opProperty, opElement:
		return formatElement(t)
	case opField:
		return arg(0) + formatPath(t.name)
	case opAggregate:
		return t.aggregate.format()
	case opSegment, opBucket:
		return fmt.Sprintf("%s(%q)", opNames[t.op], t.name)
	case opInstant:
		return formatInstant(t.offset)
	case opHeld:
		return fmt.Sprintf("held(%s, %q)", t.args[0].format(), formatDuration(t.offset))
	case opNot:
		return "not " + arg(0)
	case opPresent:
		return arg(0) + " != nil"
	case opAbsent:
		return arg(0) + " == nil"
	case opInRange:
		ends := t.value.Elements()
		return arg(0) + " in " + formatValue(ends[0]) + ".." + formatValue(ends[1])
	case opMatches:
		return arg(0) + " matches " + strconv.Quote(t.name)
	case opNeg, opPlus:
		return map[op]string{opNeg: "-", opPlus: "+"}[t.op] + arg(0)
	case opLower, opUpper, opTrim, opLen, opVersion, opAnyOf, opAllOf, opNoneOf, opOneOf, opCountOf:
		return t.formatCall()
	case opAnd, opOr:
		parts := t.chain(t.op)
		texts := make([]string, len(parts))
		for i, p := range parts {
			texts[i] = p.linked()
		}
		return strings.Join(texts, " "+opNames[t.op]+" ")
	case opCond:
		return arg(0) + " ? " + arg(1) + " : " + arg(2)
	}
	if len(t.args) == 2 {
		return arg(0) + " " + opNames[t.op] + " " + arg(1)
	}
	return opNames[t.op]
}

// chain lists what a chain of the same connective combines.
func (t *Term) chain(o op) []*Term {
	if t.op != o {
		return []*Term{t}
	}
	return append(t.args[0].chain(o), t.args[1].chain(o)...)
}

// nested is format in brackets where they are needed.
func (t *Term) nested() string {
	_, timed := t.formatTimed()
	switch {
	case timed, t.op == opHeld:
		return t.format()
	case t.op >= opAnyOf, t.op == opVersion, t.op >= opLower && t.op <= opLen, t.op == opField, len(t.args) == 0:
		return t.format()
	}
	return "(" + t.format() + ")"
}

// linked is format as part of a chain of and or or, where comparisons need
// no brackets.
func (t *Term) linked() string {
	if t.op >= opNot && t.op <= opMatches && t.op != opAnd && t.op != opOr {
		return t.format()
	}
	return t.nested()
}

func (t *Term) formatCall() string {
	args := make([]string, len(t.args))
	for i, a := range t.args {
		args[i] = a.format()
	}
	return opNames[t.op] + "(" + strings.Join(args, ", ") + ")"
}

func formatPath(path string) string {
	var b strings.Builder
	for _, key := range profile.Path(path).Keys() {
		if isWord(key) {
			b.WriteString("." + key)
		} else {
			fmt.Fprintf(&b, "[%q]", key)
		}
	}
	return b.String()
}

// formatElement writes what a predicate sees: .price of an event, # or
// #.price of an array's element.
func formatElement(t *Term) string {
	if t.name == "" {
		return "#"
	}
	text := formatPath(t.name)
	if t.op == opElement || text[0] == '[' {
		return "#" + text
	}
	return text
}

func isWord(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func formatInstant(offset int64) string {
	switch {
	case offset < 0:
		return fmt.Sprintf("ago(%q)", formatDuration(-offset))
	case offset > 0:
		return fmt.Sprintf("from_now(%q)", formatDuration(offset))
	}
	return "now()"
}

// formatDuration writes milliseconds in the largest unit that fits.
func formatDuration(ms int64) string {
	for _, unit := range []byte("wdhms") {
		if size := units[unit]; ms%size == 0 {
			return strconv.FormatInt(ms/size, 10) + string(unit)
		}
	}
	return (time.Duration(ms) * time.Millisecond).String()
}

func formatValue(v event.Value) string {
	switch v.Kind() {
	case event.KindMissing:
		return "missing"
	case event.KindBool:
		return strconv.FormatBool(v.True())
	case event.KindNumber:
		return strconv.FormatFloat(v.Number(), 'f', -1, 64)
	case event.KindString:
		return strconv.Quote(v.Text())
	case event.KindTime:
		return fmt.Sprintf("date(%q)", time.UnixMilli(v.Millis()).UTC().Format(time.RFC3339Nano))
	case event.KindVersion:
		return fmt.Sprintf("version(%q)", strings.TrimPrefix(v.Text(), "v"))
	case event.KindObject:
		return "an object"
	}
	list := make([]string, v.Len())
	for i, e := range v.Elements() {
		list[i] = formatValue(e)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

var reduceNames = map[profile.Reduce]string{
	profile.Count: "count", profile.Sum: "sum", profile.Mean: "mean", profile.Min: "min", profile.Max: "max",
	profile.First: "first", profile.Last: "last",
}

func (a *aggregate) format() string {
	if a.steps != nil {
		return a.formatSteps()
	}
	s := a.stream
	events := s.format()
	if a.reduce == profile.Count {
		return "count(" + events + ")"
	}
	events = "map(" + events + ", " + s.project.format() + ")"
	if a.reduce == profile.Distinct {
		return "len(uniq(" + events + "))"
	}
	return reduceNames[a.reduce] + "(" + events + ")"
}

// format writes the events of a stream.
func (s *stream) format() string {
	events := "events(" + strconv.Quote(s.pattern()) + s.window.format() + ")"
	if s.where != nil {
		events = "filter(" + events + ", " + s.where.format() + ")"
	}
	return events
}

func (s *stream) pattern() string {
	if s.prefix {
		return s.name + "*"
	}
	return s.name
}

func (w window) format() string {
	switch {
	case w.sliding && w.to > 0:
		return fmt.Sprintf(", %q, %q", formatDuration(w.from), formatDuration(w.to))
	case w.sliding:
		return fmt.Sprintf(", %q", formatDuration(w.from))
	case w.since > 0:
		return fmt.Sprintf(", since(%q)", time.UnixMilli(w.since).UTC().Format(time.RFC3339Nano))
	}
	return ""
}
