package rules_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"muster/rules"
)

// example finds what a hint shows as a rule or as a piece of one.
var example = regexp.MustCompile("(?:\\bas |, or )((?:\\w+\\(|traits|profile)[^\n]*)")

// frames make a whole rule of a piece of one.
var frames = []string{
	"%", "% > 1", `% == "x"`, "% < now()", "count(%) > 0", "any(events(\"A\"), %)", "profile.last_seen < %", "count(events(\"A\", %)) > 1",
}

// TestHintsAreValid compiles every example in every hint of testdata/errors:
// advice must not lead into the next mistake.
func TestHintsAreValid(t *testing.T) {
	seen := map[string]bool{}
	for _, path := range testFiles(t, "errors/*.txt") {
		_, sections := readArchive(t, path)
		var all rules.Errors
		if !errors.As(loadSections(t, sections[:len(sections)-1]), &all) {
			t.Fatalf("%s: no errors", path)
		}
		for _, e := range all {
			for _, piece := range pieces(e.Hint) {
				if seen[piece] = true; !compilesSomehow(piece) {
					t.Errorf("%s: the hint %q shows %q, which does not compile", path, e.Hint, piece)
				}
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d examples found", len(seen))
	}
}

func pieces(hint string) []string {
	var list []string
	for _, part := range strings.Split(hint, "; ") {
		part = strings.ReplaceAll(part, "(...)", `(events("A"))`)
		m := example.FindStringSubmatch(strings.ReplaceAll(part, ` or "`, `, or "`))
		if m == nil || strings.HasPrefix(m[1], "rule:") {
			continue
		}
		for one := range strings.SplitSeq(m[1], ", or ") {
			list = append(list, strings.TrimSpace(one))
		}
	}
	return list
}

func compilesSomehow(piece string) bool {
	for _, frame := range frames {
		rule := strings.ReplaceAll(frame, "%", piece)
		segments := []rules.Segment{rules.NewSegment("s", rule), rules.NewSegment("vip", "traits.vip")}
		if _, err := rules.Compile(segments); err == nil {
			return true
		}
	}
	return false
}

// TestUsages compiles what the hints say in prose.
func TestUsages(t *testing.T) {
	for _, rule := range []string{
		`count(events("A", "90s")) > 0`, `count(events("A", "15m")) > 0`, `count(events("A", "12h")) > 0`, `count(events("A", "30d")) > 0`,
		`count(events("A", "2w")) > 0`, `profile.last_seen < date("2026-11-21T10:00:00Z")`, `"vip" in traits.tags`, `traits["first name"] == "x"`,
		`any(traits.tags, {let t = lower(#); t == "vip"})`, `let limit = 10; any(events("A"), .price > limit)`,
		`let plan = traits.plan; any(traits.tags, # == plan)`, `count(map(events("A"), .sku)) > 0`, `last(events("A")).price > 1`,
		`18 <= traits.age and traits.age <= 25`, `traits.path == "C:\\dir"`, `count(events("Order*")) > 0`, `count(events("*")) > 0`,
	} {
		if _, err := rules.Compile([]rules.Segment{rules.NewSegment("s", rule)}); err != nil {
			t.Errorf("%s\n%v", rule, err)
		}
	}
}
