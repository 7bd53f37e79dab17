package oracle

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What texts are numbers and whole numbers.
var (
	numeral = regexp.MustCompile(`^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$`)
	integer = regexp.MustCompile(`^[+-]?[0-9]+$`)
)

// mostWhole is up to where every whole number is a float64.
const mostWhole = 1 << 53

// toFloat is float(x): a number, or the number that a text spells.
func toFloat(x any) any {
	switch v := x.(type) {
	case float64:
		return v
	case string:
		if !numeral.MatchString(v) {
			return nil
		}
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return n
		}
	}
	return nil
}

// toInt is int(x): a number without its fraction, or the whole number that a
// text spells, where it is exact.
func toInt(x any) any {
	switch v := x.(type) {
	case float64:
		if whole := math.Trunc(v); math.Abs(whole) <= mostWhole {
			return whole + 0 // a zero has no sign
		}
	case string:
		if !integer.MatchString(v) {
			return nil
		}
		n, _ := new(big.Int).SetString(strings.TrimPrefix(v, "+"), 10)
		if n.CmpAbs(big.NewInt(mostWhole)) <= 0 {
			return float64(n.Int64())
		}
	}
	return nil
}

// toText is string(x): numbers as JavaScript spells them, bools, and times as
// ISO 8601 in UTC with their milliseconds.
func toText(x any) any {
	switch v := x.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case instant:
		return time.UnixMilli(int64(v)).UTC().Format("2006-01-02T15:04:05.000Z")
	case float64:
		switch size := math.Abs(v); {
		case v == 0:
			return "0"
		case size < 1e-6 || size >= 1e21:
			text := strconv.FormatFloat(v, 'e', -1, 64)
			return regexp.MustCompile(`(e[+-])0`).ReplaceAllString(text, "$1")
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return nil
}

// toTime is date(x): a time, or what reads as one.
func toTime(x any) any {
	if t, ok := timeOf(x); ok {
		return t
	}
	return nil
}
