package language

import (
	"strings"

	"golang.org/x/mod/semver"

	"muster/event"
)

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
