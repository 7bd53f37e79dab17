package language

import (
	"fmt"
	"strconv"
)

// maxDuration is a hundred years in milliseconds.
const maxDuration = 100 * 365 * 24 * 60 * 60 * 1000

var units = map[byte]int64{
	's': 1000,
	'm': 60 * 1000,
	'h': 60 * 60 * 1000,
	'd': 24 * 60 * 60 * 1000,
	'w': 7 * 24 * 60 * 60 * 1000,
}

// parseDuration reads a whole number and a unit, as 90s, 15m, 12h, 30d or
// 2w, and returns milliseconds or what is wrong.
func parseDuration(s string) (int64, string) {
	if len(s) < 2 {
		return 0, fmt.Sprintf("%q is not a duration", s)
	}
	unit, known := units[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	switch {
	case !known || err != nil:
		return 0, fmt.Sprintf("%q is not a duration", s)
	case n == 0:
		return 0, "a duration can't be zero"
	case int64(n) > maxDuration/unit:
		return 0, fmt.Sprintf("%q is longer than 100 years", s)
	}
	return int64(n) * unit, ""
}
