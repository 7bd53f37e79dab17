// Package ruleset takes the rules of a test, texts by the ids of their
// segments, to what Muster works with: a compiled set, or a segment file.
//
// The trap: a test about what else a segment says, or about rules that are
// wrong, needs rules.Compile itself.
package ruleset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"muster/rules"
)

// Compile makes a set of rules. One that is wrong ends the test.
func Compile(tb testing.TB, texts map[string]string) *rules.Set {
	tb.Helper()
	segments := make([]rules.Segment, 0, len(texts))
	for id, text := range texts {
		segments = append(segments, rules.NewSegment(id, text))
	}
	set, err := rules.Compile(segments)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// One makes a set of one rule, that of segment s.
func One(tb testing.TB, rule string) *rules.Set {
	tb.Helper()
	return Compile(tb, map[string]string{"s": rule})
}

// File writes rules as a segment file, in the order of their ids. JSON is
// YAML.
func File(texts map[string]string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // a failing test shows the rule as it is
	b.WriteString("segments:\n")
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&b, "  - id: %s\n    rule: ", id)
		if err := encoder.Encode(texts[id]); err != nil {
			panic(fmt.Sprintf("the rule of %s can't be JSON: %v", id, err)) // a text always can
		}
	}
	return b.String()
}
