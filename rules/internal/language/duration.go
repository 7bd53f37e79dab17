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
func parseDuration(text string) (int64, string) {
	if len(text) < 2 {
		return 0, fmt.Sprintf("%q is not a duration", text)
	}
	unit, known := units[text[len(text)-1]]
	count, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	switch {
	case !known || err != nil:
		return 0, fmt.Sprintf("%q is not a duration", text)
	case count == 0:
		return 0, "a duration can't be zero"
	case int64(count) > maxDuration/unit:
		return 0, fmt.Sprintf("%q is longer than 100 years", text)
	}
	return int64(count) * unit, ""
}
