package language

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"muster/event"
	"muster/profile"
)

// A comparison that can't ever be true is a slip of its author's, so it is
// refused. These are those that only the functions in them tell of, as
// lower(x) == "DE"; what the kinds of two sides tell, mismatch does.

// yield is what a term can yield, as far as it is known ahead.
type yield struct {
	lower, upper bool // texts without capitals, or without small letters
	trimmed      bool // texts without space around them
	low, high    float64
	whole        bool
	only         only // texts of one form; nil for all
}

// only says what is wrong with a text that can't equal any of one form, and
// what to write, "" when it may.
type only func(text string) (hint string)

// dayOnly is of .event_day. A time that is a midnight in UTC equals its day.
func dayOnly(text string) string {
	const day = 24 * 60 * 60 * 1000
	if ms, ok := event.ParseTime(text); ok && ms%day == 0 {
		return ""
	}
	return "write a day as 2026-11-21"
}

// timeOnly is of a time that string(x) spells.
func timeOnly(text string) string {
	if _, ok := event.ParseTime(text); ok {
		return ""
	}
	return "write a time as 2026-11-21T10:00:00Z"
}

// boolOnly is of true and false, as string(x) spells them.
func boolOnly(text string) string {
	if text == "true" || text == "false" {
		return ""
	}
	return `write "true" or "false"`
}

// numberOnly is of numbers as string(x) spells them.
func (r *yield) numberOnly(text string) string {
	n := FloatOf(event.StringOf(text))
	switch {
	case n.IsMissing():
		return r.numbers()
	case r.excludes(OpEqual, n.Number()):
		return r.numbers()
	case spelled(n.Number()) != text:
		return "write " + FormatValue(TextOf(n))
	}
	return ""
}

// yieldOf finds what a term can yield.
func yieldOf(t *Term) yield {
	r := yield{low: math.Inf(-1), high: math.Inf(1)}
	switch t.Op {
	case OpLower, OpUpper:
		r = yieldOf(t.Args[0])
		r.lower, r.upper = t.Op == OpLower, t.Op == OpUpper
		if t.Op == OpUpper && t.Args[0].Op == OpText {
			r.only = nil // its letters are small ones
		}
	case OpTrim:
		r = yieldOf(t.Args[0])
		r.trimmed = true
	case OpEventDay:
		r.only = dayOnly
	case OpInt:
		r = yieldOf(t.Args[0])
		r.low, r.high, r.whole = max(math.Trunc(r.low), -maxExact), min(math.Trunc(r.high), maxExact), true
	case OpText:
		r.only = textOnly(t.Args[0])
	case OpLen, OpCountOf:
		r.low, r.whole = 0, true
	case OpBucket:
		r.low, r.high = 0, 99.99
	case OpMod:
		r.whole = true
		if by := t.Args[1]; by.Op == OpConst && by.Kind == event.KindNumber {
			r.high = math.Abs(by.Value.Number()) - 1
			r.low = -r.high
		}
	case OpAggregate:
		switch t.Aggregate.Reduce {
		case profile.ReduceCount, profile.ReduceDistinct:
			r.low, r.whole = 0, true
		case profile.ReduceFirst, profile.ReduceLast, profile.ReduceMin, profile.ReduceMax:
			return yieldOf(t.Aggregate.Stream.Project)
		}
	}
	return r
}

// textOnly is which texts string(x) makes of a term, as far as its kind tells.
func textOnly(t *Term) only {
	switch t.Kind {
	case event.KindNumber:
		r := yieldOf(t)
		return r.numberOnly
	case event.KindBool:
		return boolOnly
	case event.KindTime:
		return timeOnly
	}
	return nil
}

// mirrored is the operator with its sides exchanged.
var mirrored = map[Op]Op{OpEqual: OpEqual, OpLess: OpGreater, OpLessEqual: OpGreaterEqual, OpGreater: OpLess, OpGreaterEqual: OpLessEqual}

// neverTrue says why a comparison can't ever be true, "" when it may be, and
// what to write. Where == can't, != is the same slip.
func neverTrue(op Op, left, right *Term) (message, hint string) {
	if op == OpNotEqual {
		op = OpEqual
	}
	switch {
	case left.Op == OpConst && right.Op == OpConst:
		return "", ""
	case left.Op == OpConst:
		return never(mirrored[op], right, left.Value)
	case right.Op == OpConst:
		return never(op, left, right.Value)
	}
	return "", ""
}

// choices are the terms one of which a term yields.
func choices(t *Term) []*Term {
	switch t.Op {
	case OpCond:
		return append(choices(t.Args[1]), choices(t.Args[2])...)
	case OpCoalesce:
		return append(choices(t.Args[0]), choices(t.Args[1])...)
	}
	return []*Term{t}
}

// never says why a comparison of a term with a constant can't ever be true,
// "" when it may be, and what to write. Where a constant stands in for what
// is missing, as in lower(x) ?? "none", the other choices tell.
func never(op Op, t *Term, constant event.Value) (message, hint string) {
	for _, one := range choices(t) {
		if one.Op == OpConst {
			if op != OpEqual || one.Kind != constant.Kind() || one.Value.Equal(constant) {
				return "", ""
			}
			continue
		}
		if message, hint = neverOne(op, one, constant); message == "" {
			return "", ""
		}
	}
	return message, hint
}

func neverOne(op Op, t *Term, constant event.Value) (message, hint string) {
	r := yieldOf(t)
	switch constant.Kind() {
	case event.KindNumber:
		if r.excludes(op, constant.Number()) {
			return fmt.Sprintf("%s is never %s%s", t.Text(), relations[op], FormatValue(constant)), r.numbers()
		}
	case event.KindString:
		text := constant.Text()
		if _, isTime := event.ParseTime(text); isTime && op == OpEqual && r.only == nil {
			return "", "" // it equals other spellings too
		}
		if fitting := r.fitting(op, text); fitting != text {
			return fmt.Sprintf("%s %s %s", t.Text(), textRelations[op], FormatValue(constant)), "write " + FormatValue(event.StringOf(fitting))
		}
		if r.only == nil || op != OpEqual {
			break
		}
		if hint = r.only(text); hint != "" {
			return fmt.Sprintf("%s is never %q", t.Text(), text), hint
		}
	}
	return "", ""
}

var (
	relations     = map[Op]string{OpEqual: "", OpLess: "less than ", OpLessEqual: "at most ", OpGreater: "greater than ", OpGreaterEqual: "at least "}
	textRelations = map[Op]string{OpEqual: "is never", OpContains: "never contains", OpStartsWith: "never starts with", OpEndsWith: "never ends with"}
)

// neverWithin says why no whole number of a range can be what a term yields.
func neverWithin(t *Term, low, high float64) (message, hint string) {
	for _, one := range choices(t) {
		r := yieldOf(one)
		if one.Op == OpConst || r.low <= high && r.high >= low {
			return "", ""
		}
		message, hint = fmt.Sprintf("%s is never from %v to %v", one.Text(), low, high), r.numbers()
	}
	return message, hint
}

// excludes reports whether no number that is yielded compares so.
func (r *yield) excludes(op Op, n float64) bool {
	if r.low > r.high {
		return true
	}
	switch op {
	case OpEqual:
		return n < r.low || n > r.high || r.whole && n != math.Trunc(n)
	case OpLess:
		return r.low >= n
	case OpLessEqual:
		return r.low > n
	case OpGreater:
		return r.high <= n
	case OpGreaterEqual:
		return r.high < n
	}
	return false
}

// numbers says in a hint which numbers are yielded.
func (r *yield) numbers() string {
	text := "it is a number"
	if r.whole {
		text = "it is a whole number"
	}
	switch {
	case r.low > r.high:
		return "the remainder of a division by 0 or by a fraction is missing"
	case !math.IsInf(r.high, 1):
		return fmt.Sprintf("%s from %s to %s", text, FormatValue(event.NumberOf(r.low)), FormatValue(event.NumberOf(r.high)))
	case !math.IsInf(r.low, -1):
		return fmt.Sprintf("%s, %s or more", text, FormatValue(event.NumberOf(r.low)))
	}
	return text
}

// fitting is a text as it can be yielded: the text itself where it can.
func (r *yield) fitting(op Op, text string) string {
	switch {
	case textRelations[op] == "":
		return text
	case r.lower:
		text = strings.ToLower(text)
	case r.upper:
		text = strings.ToUpper(text)
	}
	switch {
	case !r.trimmed:
	case op == OpEqual:
		text = strings.TrimSpace(text)
	case op == OpStartsWith:
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
	case op == OpEndsWith:
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	}
	return text
}
