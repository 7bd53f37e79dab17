package language

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/event"
	"muster/profile"
)

// Text writes a term back as text of the language. What the check has
// rewritten appears in its rewritten form: any(S, p) is count(S, p) > 0.
func (t *Term) Text() string {
	arg := func(i int) string { return t.Args[i].nested() }
	if text, timed := t.formatTimed(); timed {
		return text
	}
	switch t.Op {
	case OpConst:
		return FormatValue(t.Value)
	case OpNil:
		return "nil"
	case OpTrait:
		return "traits" + formatPath(t.Name)
	case OpProperty, OpElement:
		return formatElement(t)
	case OpContext:
		return ".context" + formatPath(t.Name)
	case OpField:
		return arg(0) + formatPath(t.Name)
	case OpLookup:
		return fmt.Sprintf("lookup(%q, %s)", t.Value.Text(), t.Args[0].Text()) + formatPath(string(profile.PathOf(t.Name)))
	case OpAggregate:
		return t.Aggregate.Text()
	case OpSegment, OpBucket:
		return fmt.Sprintf("%s(%q)", opNames[t.Op], t.Name)
	case OpInstant:
		return formatInstant(t.Offset)
	case OpHeld:
		return fmt.Sprintf("held(%s, %q)", t.Args[0].Text(), formatDuration(t.Offset))
	case OpNot:
		return "not " + arg(0)
	case OpPresent:
		return arg(0) + " != nil"
	case OpAbsent:
		return arg(0) + " == nil"
	case OpInRange:
		ends := t.Value.Elements()
		return arg(0) + " in " + FormatValue(ends[0]) + ".." + FormatValue(ends[1])
	case OpMatches:
		return arg(0) + " matches " + strconv.Quote(t.Name)
	case OpNeg, OpPlus:
		return map[Op]string{OpNeg: "-", OpPlus: "+"}[t.Op] + arg(0)
	case OpLower, OpUpper, OpTrim, OpLen, OpVersion, OpFloat, OpInt, OpText, OpDate, OpAnyOf, OpAllOf, OpNoneOf, OpOneOf, OpCountOf:
		return t.formatCall()
	case OpMapOf, OpFilterOf, OpSumOf, OpMeanOf, OpMinOf, OpMaxOf:
		return t.formatList()
	case OpAnd, OpOr:
		parts := t.chain(t.Op)
		texts := make([]string, len(parts))
		for i, p := range parts {
			texts[i] = p.linked()
		}
		return strings.Join(texts, " "+opNames[t.Op]+" ")
	case OpCond:
		return arg(0) + " ? " + arg(1) + " : " + arg(2)
	}
	if len(t.Args) == 2 {
		return arg(0) + " " + opNames[t.Op] + " " + arg(1)
	}
	return opNames[t.Op]
}

// chain lists what a chain of the same connective combines.
func (t *Term) chain(o Op) []*Term {
	if t.Op != o {
		return []*Term{t}
	}
	return append(t.Args[0].chain(o), t.Args[1].chain(o)...)
}

// Shown lists the parts worth showing: conditions below and, and or,
// not, and the sides of comparisons that are not constants.
func (t *Term) Shown() []*Term {
	if t.Op == OpAnd || t.Op == OpOr {
		return t.chain(t.Op)
	}
	var parts []*Term
	for i, a := range t.Args {
		predicate := t.Op >= OpAnyOf && i == 1
		if a.Op != OpConst && a.Op != OpInstant && !predicate {
			parts = append(parts, a)
		}
	}
	return parts
}

// nested is format in brackets where they are needed.
func (t *Term) nested() string {
	_, timed := t.formatTimed()
	switch {
	case timed, t.Op == OpHeld:
		return t.Text()
	case t.Op >= OpAnyOf, t.Op >= OpLower && t.Op <= OpLookup, t.Op == OpField, len(t.Args) == 0:
		return t.Text()
	}
	return "(" + t.Text() + ")"
}

// linked is format as part of a chain of and or or, where comparisons need
// no brackets.
func (t *Term) linked() string {
	if t.Op >= OpNot && t.Op <= OpMatches && t.Op != OpAnd && t.Op != OpOr {
		return t.Text()
	}
	return t.nested()
}

func (t *Term) formatCall() string {
	args := make([]string, len(t.Args))
	for i, a := range t.Args {
		args[i] = a.Text()
	}
	return opNames[t.Op] + "(" + strings.Join(args, ", ") + ")"
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
	if t.Name == "" {
		return "#"
	}
	text := formatPath(t.Name)
	if first := profile.Path(t.Name).Keys()[0]; t.Op == OpProperty && property(first).Op != OpProperty {
		return ".properties" + text
	}
	if t.Op == OpElement || text[0] == '[' {
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

// FormatValue writes a value as text of the language, and in words where the
// language has none for it.
func FormatValue(value event.Value) string {
	switch value.Kind() {
	case event.KindMissing:
		return "missing"
	case event.KindBool:
		return strconv.FormatBool(value.True())
	case event.KindNumber:
		return formatNumber(value.Number())
	case event.KindString:
		return strconv.Quote(value.Text())
	case event.KindTime:
		return fmt.Sprintf("date(%q)", time.UnixMilli(value.Millis()).UTC().Format(time.RFC3339Nano))
	case event.KindVersion:
		return fmt.Sprintf("version(%q)", strings.TrimPrefix(value.Text(), "v"))
	case event.KindObject:
		return "an object"
	}
	list := make([]string, value.Len())
	for i, e := range value.Elements() {
		list[i] = FormatValue(e)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// formatNumber writes a number. Past where whole numbers are exact it has an
// exponent: more digits would be made up, and no rule could have them.
func formatNumber(f float64) string {
	if f > maxExact || f < -maxExact {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

var reduceNames = map[profile.Reduce]string{
	profile.ReduceCount: "count", profile.ReduceSum: "sum", profile.ReduceMean: "mean", profile.ReduceMin: "min", profile.ReduceMax: "max",
	profile.ReduceFirst: "first", profile.ReduceLast: "last",
}

// Text writes an aggregate back as text of the language.
func (a *Aggregate) Text() string {
	if a.Steps != nil {
		return a.formatSteps()
	}
	s := a.Stream
	if s.Calls {
		return "context" + formatPath(s.Project.Name)
	}
	events := s.format()
	if a.Reduce == profile.ReduceCount {
		return "count(" + events + ")"
	}
	project := s.Project
	if s.spreads() {
		project = project.Args[0]
	}
	events = "map(" + events + ", " + project.Text() + ")"
	if s.spreads() {
		events = "flatten(" + events + ")"
	}
	if a.Reduce == profile.ReduceDistinct {
		return "len(uniq(" + events + "))"
	}
	return reduceNames[a.Reduce] + "(" + events + ")"
}

// format writes the events of a stream.
func (s *Stream) format() string {
	events := "events(" + strconv.Quote(s.pattern()) + s.Window.format() + ")"
	if s.Where != nil {
		events = "filter(" + events + ", " + s.Where.Text() + ")"
	}
	return events
}

func (s *Stream) pattern() string {
	if s.Prefix {
		return s.Name + "*"
	}
	return s.Name
}

func (w window) format() string {
	switch {
	case w.Sliding && w.To > 0:
		return fmt.Sprintf(", %q, %q", formatDuration(w.From), formatDuration(w.To))
	case w.Sliding:
		return fmt.Sprintf(", %q", formatDuration(w.From))
	case w.Since > 0:
		return fmt.Sprintf(", since(%q)", time.UnixMilli(w.Since).UTC().Format(time.RFC3339Nano))
	}
	return ""
}
