package language

import (
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"muster/event"
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

// VersionOf returns a text as a semantic version, missing when it is none.
func VersionOf(v event.Value) event.Value {
	if v.Kind() != event.KindString {
		return event.Value{}
	}
	s := "v" + strings.TrimPrefix(v.Text(), "v")
	if !semver.IsValid(s) {
		return event.Value{}
	}
	return event.VersionOf(s)
}
