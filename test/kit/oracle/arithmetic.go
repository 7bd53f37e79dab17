package oracle

import (
	"math"
	"strings"
	"unicode/utf8"
)

func isWhole(n float64) bool { return n == math.Trunc(n) && !math.IsInf(n, 0) }

// add is +: numbers add, strings join, everything else is missing.
func add(a, b any) any {
	x, left := a.(string)
	y, right := b.(string)
	if left && right {
		return x + y
	}
	return numbers(a, b, func(x, y float64) any { return x + y })
}

// remainder is %: of whole numbers, with the sign of the dividend as in Go.
func remainder(x, y float64) any {
	if !isWhole(x) || !isWhole(y) || y == 0 {
		return nil
	}
	return math.Mod(x, y)
}

// quotient is /: nothing can be divided by zero, whatever its sign.
func quotient(x, y float64) any {
	if y == 0 {
		return nil
	}
	return x / y
}

// numbers applies an operation to two numbers; any other operands give a
// missing value, and so does an outcome that is no number or none that is
// finite.
func numbers(a, b any, operation func(x, y float64) any) any {
	x, left := a.(float64)
	y, right := b.(float64)
	if !left || !right {
		return nil
	}
	outcome := operation(x, y)
	if n, ok := outcome.(float64); ok && (math.IsNaN(n) || math.IsInf(n, 0)) {
		return nil
	}
	return outcome
}

// length counts the runes of a string or the elements of an array.
func length(x any) any {
	switch v := x.(type) {
	case string:
		return float64(utf8.RuneCountInString(v))
	case []any:
		return float64(len(v))
	}
	return nil
}

// text applies a function to a string; anything else gives a missing value.
func text(x any, function func(string) string) any {
	if s, ok := x.(string); ok {
		return function(s)
	}
	return nil
}

func trim(x any) any { return text(x, strings.TrimSpace) }

// numeric keeps the numbers of a list, in order.
func numeric(list any) []float64 {
	var kept []float64
	for _, element := range elements(list) {
		if n, ok := element.(float64); ok {
			kept = append(kept, n)
		}
	}
	return kept
}

// flat is flatten: the values of a list, and of lists in it, behind others.
func flat(list any, others []any) []any {
	for _, element := range elements(list) {
		if _, deeper := element.([]any); deeper {
			others = flat(element, others)
		} else {
			others = append(others, element)
		}
	}
	return others
}

// extreme is min and max: the number that beats all others, missing of none.
func extreme(list any, beats func(x, y float64) bool) any {
	kept := numeric(list)
	if len(kept) == 0 {
		return nil
	}
	best := kept[0]
	for _, n := range kept {
		if beats(n, best) {
			best = n
		}
	}
	return best
}
