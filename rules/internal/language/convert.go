package language

import (
	"math"
	"strconv"
	"strings"
	"time"

	"muster/event"
)

// FloatOf is float(x): a number as it is, or the one that a text spells in
// decimal digits, with a sign, a point and an exponent or without. Anything
// else, and what is too large for a number, is missing.
func FloatOf(v event.Value) event.Value {
	switch v.Kind() {
	case event.KindNumber:
		return v
	case event.KindString:
		text := v.Text()
		if !isDecimal(text) {
			return event.Value{}
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return event.NumberOf(f)
		}
	}
	return event.Value{}
}

// isDecimal refuses what strconv.ParseFloat lets through: infinities, NaN, and
// numbers that are hexadecimal or have underscores.
func isDecimal(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '+', c == '-', c == '.', c == 'e', c == 'E':
		default:
			return false
		}
	}
	return text != ""
}

// IntOf is int(x): a number without its fraction, or the whole number that a
// text spells in digits, with a sign or without. Past maxExact, where not
// every whole number is one of ours, it is missing, as anything else is.
func IntOf(v event.Value) event.Value {
	switch v.Kind() {
	case event.KindNumber:
		if f := math.Trunc(v.Number()); math.Abs(f) <= maxExact {
			return event.NumberOf(f + 0) // which takes the sign off a zero
		}
	case event.KindString:
		if n, err := strconv.ParseInt(v.Text(), 10, 64); err == nil && n <= maxExact && n >= -maxExact {
			return event.NumberOf(float64(n))
		}
	}
	return event.Value{}
}

// TextOf is string(x): a text as it is, true or false, a number in the digits
// in which JavaScript and JSON spell it, and a time in UTC with milliseconds.
// Lists and objects have no text.
func TextOf(v event.Value) event.Value {
	switch v.Kind() {
	case event.KindString:
		return v
	case event.KindBool:
		return event.StringOf(strconv.FormatBool(v.True()))
	case event.KindNumber:
		return event.StringOf(spelled(v.Number()))
	case event.KindTime:
		return event.StringOf(time.UnixMilli(v.Millis()).UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	return event.Value{}
}

// Numbers of less than the one, and of the other and more, are spelled with an
// exponent (ECMA-262, Number::toString).
const (
	leastPlain = 1e-6
	firstLarge = 1e21
)

// spelled writes a number as JavaScript does. Equal numbers have equal texts,
// so a zero has no sign.
func spelled(f float64) string {
	if f == 0 {
		return "0"
	}
	if size := math.Abs(f); size >= leastPlain && size < firstLarge {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	return digits + "e" + exponent[:1] + strings.TrimPrefix(exponent[1:], "0")
}

// TimeOf is date(x): a time, or what reads as one where it is compared with
// one.
func TimeOf(v event.Value) event.Value {
	if ms, ok := v.AsTime(); ok {
		return event.TimeOf(ms)
	}
	return event.Value{}
}
