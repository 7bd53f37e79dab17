package language

import (
	"time"
)

// ParseTime reads a text that is compared with a time: RFC 3339, or a date
// that stands for its midnight in UTC.
func ParseTime(s string) (int64, bool) {
	if len(s) < len(time.DateOnly) || s[4] != '-' {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.Parse(time.DateOnly, s)
	}
	return t.UnixMilli(), err == nil
}
