package oracle

import (
	"fmt"
	"strconv"
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

// parseTime reads an RFC 3339 text, or a date as its midnight in UTC.
func parseTime(source string) (instant, bool) {
	if len(source) < len(time.DateOnly) {
		return 0, false // shorter than either; failing to parse is slow
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, source); err == nil {
			return instant(t.UnixMilli()), true
		}
	}
	return 0, false
}

// utcDay writes the UTC day of an instant as 2026-11-01.
func utcDay(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.DateOnly) }
