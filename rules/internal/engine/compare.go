package engine

import (
	"cmp"
	"math"
	"strings"

	"muster/event"
	"muster/rules/internal/language"
)

// order compares two values by the missing-value law: ok is false when an
// operand is missing or the kinds can't be compared. Times compare with
// texts and numbers that read as times, and two texts that both do compare as
// times too.
func order(left, right event.Value) (sign int, ok bool) {
	if left.Kind() != right.Kind() {
		return orderTimes(left, right)
	}
	switch left.Kind() {
	case event.KindNumber:
		x, y := left.Number(), right.Number()
		if math.IsNaN(x) || math.IsNaN(y) {
			return 0, false
		}
		return cmp.Compare(x, y), true
	case event.KindString:
		return orderTexts(left.Text(), right.Text()), true
	case event.KindTime:
		return cmp.Compare(left.Millis(), right.Millis()), true
	case event.KindVersion:
		return language.CompareVersions(left.Text(), right.Text()), true
	}
	return 0, false
}

// orderTexts compares two texts that both are times as times, and others as
// texts.
func orderTexts(left, right string) int {
	if x, y, ok := bothTimes(left, right); ok {
		return cmp.Compare(x, y)
	}
	return strings.Compare(left, right)
}

// bothTimes returns two texts as times, in milliseconds, where both are one.
func bothTimes(left, right string) (x, y int64, ok bool) {
	if x, ok = event.ParseTime(left); !ok {
		return 0, 0, false
	}
	y, ok = event.ParseTime(right)
	return x, y, ok
}

func orderTimes(a, b event.Value) (int, bool) {
	if a.Kind() != event.KindTime && b.Kind() != event.KindTime {
		return 0, false
	}
	x, okX := a.AsTime()
	y, okY := b.AsTime()
	if !okX || !okY {
		return 0, false
	}
	return cmp.Compare(x, y), true
}

// equal is the language's ==: false when an operand is missing.
func equal(a, b event.Value) bool {
	switch a.Kind() {
	case event.KindMissing:
		return false
	case event.KindBool, event.KindArray, event.KindObject:
		return a.Equal(b)
	case event.KindString:
		if b.Kind() == event.KindString {
			return a.Text() == b.Text() || sameTime(a.Text(), b.Text())
		}
	}
	sign, ok := order(a, b)
	return ok && sign == 0
}

// sameTime reports whether two texts are the same time.
func sameTime(left, right string) bool {
	x, y, ok := bothTimes(left, right)
	return ok && x == y
}

// compare applies one of the six comparison operators.
func compare(op language.Op, left, right event.Value) bool {
	switch op {
	case language.OpEqual:
		return equal(left, right)
	case language.OpNotEqual:
		return !equal(left, right)
	}
	sign, ok := order(left, right)
	if !ok {
		return false
	}
	switch op {
	case language.OpLess:
		return sign < 0
	case language.OpLessEqual:
		return sign <= 0
	case language.OpGreater:
		return sign > 0
	}
	return sign >= 0
}

// within reports whether a value is a whole number in a closed range.
func within(v event.Value, low, high float64) bool {
	f := v.Number()
	return v.Kind() == event.KindNumber && f >= low && f <= high && f == math.Trunc(f)
}

// contained reports whether list is an array with an element equal to v.
func contained(v, list event.Value) bool {
	for _, e := range list.Elements() {
		if equal(v, e) {
			return true
		}
	}
	return false
}

// calculate applies an arithmetic operator; anything but numbers, and two
// strings for +, yields missing.
func calculate(op language.Op, left, right event.Value) event.Value {
	if left.Kind() != right.Kind() {
		return event.Value{}
	}
	if left.Kind() == event.KindString && op == language.OpAdd {
		return event.StringOf(left.Text() + right.Text())
	}
	if left.Kind() != event.KindNumber {
		return event.Value{}
	}
	x, y := left.Number(), right.Number()
	switch op {
	case language.OpAdd:
		return finite(x + y)
	case language.OpSub:
		return finite(x - y)
	case language.OpMul:
		return finite(x * y)
	case language.OpDiv:
		return finite(x / y)
	case language.OpPow:
		return finite(math.Pow(x, y))
	}
	return remainder(x, y)
}

// finite is a number that was computed, missing where it could not be: where
// it is infinite, as 1 / 0 is, or none, as 0 / 0.
func finite(f float64) event.Value {
	if f-f != 0 {
		return event.Value{}
	}
	return event.NumberOf(f)
}

// remainder is defined for whole numbers that a float64 holds exactly.
func remainder(x, y float64) event.Value {
	const exact = 1 << 53
	whole := x == math.Trunc(x) && y == math.Trunc(y) && math.Abs(x) <= exact && math.Abs(y) <= exact
	if !whole || y == 0 {
		return event.Value{}
	}
	return event.NumberOf(float64(int64(x) % int64(y)))
}
