package oracle

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const day = 24 * 60 * 60 * 1000

// units of a duration, in milliseconds.
var units = map[byte]int64{'s': 1000, 'm': 60 * 1000, 'h': 60 * 60 * 1000, 'd': day, 'w': 7 * day}

// longest is the greatest duration accepted, so that no sum of times can
// overflow.
const longest = 1000 * 365 * day

// parseDuration reads 90s, 15m, 12h, 30d or 2w as milliseconds.
func parseDuration(source string) (int64, error) {
	if len(source) < 2 {
		return 0, fmt.Errorf("%q is not a duration such as 30d", source)
	}
	last := len(source) - 1
	unit, known := units[source[last]]
	count, err := strconv.ParseUint(source[:last], 10, 32)
	if !known || err != nil || count == 0 || int64(count) > longest/unit {
		return 0, fmt.Errorf("%q is not a duration such as 30d", source)
	}
	return int64(count) * unit, nil
}

// spelled is a text that is a time: a date, and perhaps a clock and a zone.
var spelled = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)` +
	`(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:[Zz]|([+-]\d\d)(?::?(\d\d))?)?)?$`)

// parseTime reads a date, as its midnight in UTC, or a date and a time, in
// UTC unless it says otherwise. Fractions are cut to milliseconds.
func parseTime(source string) (instant, bool) {
	if len(source) < len(time.DateOnly) || source[4] != '-' {
		return 0, false // for speed
	}
	part := spelled.FindStringSubmatch(source)
	if part == nil {
		return 0, false
	}
	day, clock, second, fraction, hours, minutes := part[1], part[2], part[3], part[4], part[5], part[6]
	if clock == "" {
		clock = "00:00"
	}
	t, err := time.Parse("2006-01-02 15:04", day+" "+clock)
	ms := t.UnixMilli() + figures(second)*1000 + figures((fraction + "000")[:3])
	east := 60*figures(strings.TrimLeft(hours, "+-")) + figures(minutes)
	if strings.HasPrefix(hours, "-") {
		east = -east
	}
	fine := err == nil && figures(second) <= 60 && figures(strings.TrimLeft(hours, "+-")) < 24 && figures(minutes) < 60
	return instant(ms - east*60*1000), fine
}

// figures reads digits; none are 0.
func figures(digits string) int64 {
	n, _ := strconv.ParseInt("0"+digits, 10, 64)
	return n
}

// numberTime reads a number as a time: seconds since 1970, or milliseconds
// where it is 100,000,000,000 or more either way. It must be of a year from 0
// to 9999.
func numberTime(f float64) (instant, bool) {
	exact := new(big.Rat).SetFloat64(f)
	if exact == nil {
		return 0, false
	}
	if math.Abs(f) < 1e11 {
		exact.Mul(exact, big.NewRat(1000, 1))
	}
	exact.Add(exact, big.NewRat(1, 2))
	whole := new(big.Int).Div(exact.Num(), exact.Denom()) // rounds down, as the denominator is positive
	if !whole.IsInt64() {
		return 0, false
	}
	year := time.UnixMilli(whole.Int64()).UTC().Year()
	return instant(whole.Int64()), year >= 0 && year <= 9999
}

// timeOf returns a value that is compared with a time as one.
func timeOf(x any) (instant, bool) {
	switch v := x.(type) {
	case instant:
		return v, true
	case string:
		return parseTime(v)
	case float64:
		return numberTime(v)
	}
	return 0, false
}

// utcDay writes the UTC day of an instant as 2026-11-01.
func utcDay(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.DateOnly) }
