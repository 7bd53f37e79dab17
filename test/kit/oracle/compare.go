package oracle

import "strings"

// order compares two values of comparable kinds; ok is false for every
// other pair and for NaN, and then no comparison of the two holds.
func order(a, b any) (sign int, ok bool) {
	_, left := a.(instant)
	_, right := b.(instant)
	if left || right {
		x, isTime := timeOf(a)
		y, alsoTime := timeOf(b)
		return orderTimes(x, y), isTime && alsoTime
	}
	switch x := a.(type) {
	case float64:
		if y, isNumber := b.(float64); isNumber {
			return orderNumbers(x, y)
		}
	case string:
		if y, isText := b.(string); isText {
			return orderTexts(x, y), true
		}
	case version:
		if y, isVersion := b.(version); isVersion {
			return orderVersions(x, y), true
		}
	}
	return 0, false
}

func orderNumbers(x, y float64) (int, bool) {
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, x == y
}

// orderTexts compares two texts that both are times as times, and others letter
// by letter.
func orderTexts(x, y string) int {
	a, isTime := parseTime(x)
	b, alsoTime := parseTime(y)
	if isTime && alsoTime {
		return orderTimes(a, b)
	}
	return strings.Compare(x, y)
}

func orderTimes(x, y instant) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// equal is the language's ==: comparable pairs that compare equal, equal
// bools, and arrays and objects with the same content.
func equal(a, b any) bool {
	if sign, ok := order(a, b); ok {
		return sign == 0
	}
	switch a.(type) {
	case bool, []any, map[string]any:
		return same(a, b)
	}
	return false
}

// same is equality inside arrays and objects: same kind, same content, and
// there a missing value equals a missing one.
func same(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && sameFields(x, y)
	}
	return a == b
}

// sameFields reports whether two objects have the same keys, and the same
// value under each.
func sameFields(x, y map[string]any) bool {
	if len(x) != len(y) {
		return false
	}
	for key, value := range x {
		other, present := y[key]
		if !present || !same(value, other) {
			return false
		}
	}
	return true
}

// in is x in list, by the language's ==.
func in(x, list any) bool {
	for _, element := range elements(list) {
		if equal(x, element) {
			return true
		}
	}
	return false
}

// inRange is x in low..high: a whole number within the closed range.
func inRange(x, low, high any) bool {
	n, ok := x.(float64)
	return ok && isWhole(n) && n >= low.(float64) && n <= high.(float64)
}

// texts applies a test to two strings; any other operands fail it.
func texts(a, b any, test func(string, string) bool) bool {
	x, left := a.(string)
	y, right := b.(string)
	return left && right && test(x, y)
}
