package rules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"muster/rules"
)

// TestReadKeepsEveryKey reads a file in which every key stands.
func TestReadKeepsEveryKey(t *testing.T) {
	text := `segments:
  - id: a
    name: Größe
    members: false
    rule: "traits.plan == \"pro\""
    tests:
      - name: pro
        profile: u1
        events:
          - {type: identify, userId: u1, timestamp: "2026-11-01T10:00:00Z", traits: {plan: pro, n: 1, on: true, none: null}}
        at: 2026-11-21T10:00:00.001Z
        expect: in
---
segments:
  - {id: b, rule: traits.x}
`
	for _, source := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), "\ufeff" + text} {
		segments, errs := rules.Read(rules.Source{Name: "a.yaml", Data: []byte(source)})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if len(segments) != 2 || segments[1].ID != "b" || !segments[1].Members || segments[1].Rule != "traits.x" {
			t.Fatalf("%+v", segments)
		}
		s := segments[0]
		if s.ID != "a" || s.Name != "Größe" || s.Members || s.Rule != `traits.plan == "pro"` || len(s.Tests) != 1 {
			t.Fatalf("%+v", s)
		}
		test := s.Tests[0]
		want := `{"none":null,"n":1,"on":true,"plan":"pro"}`
		if test.Name != "pro" || test.Profile != "u1" || !test.In || test.At != 1795255200001 || test.File != "a.yaml" || test.Line != 7 || len(test.Events) != 1 {
			t.Errorf("%+v", test)
		}
		if got := string(test.Events[0]); !strings.Contains(got, `"userId":"u1"`) || !sameFields(got, want) {
			t.Errorf("event %s", got)
		}
	}
}

// sameFields reports whether text holds every field of an object's text.
func sameFields(text, object string) bool {
	for field := range strings.SplitSeq(strings.Trim(object, "{}"), ",") {
		if !strings.Contains(text, field) {
			return false
		}
	}
	return true
}

// TestErrorsWithoutFile reports segments that come from no file, in order of
// their ids, each with the places of its own text.
func TestErrorsWithoutFile(t *testing.T) {
	segments := []rules.Segment{
		rules.NewSegment("b", "traits.x and\n unknown2"), rules.NewSegment("a", "unknown1"), rules.NewSegment("b", "true"), rules.NewSegment("Bad", "true"),
	}
	want := []string{
		`1:1: segment Bad: the id "Bad" can't be used`, "1:1: segment a: unknown name unknown1", "1:1: segment b: the id is used twice",
		"2:2: segment b: unknown name unknown2",
	}
	for range 2 {
		_, err := rules.Compile(segments)
		var all rules.Errors
		if !errors.As(err, &all) {
			t.Fatal(err)
		}
		var got []string
		for _, e := range all {
			first, _, _ := strings.Cut(e.Error(), "\n")
			got = append(got, first)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		var one *rules.Error
		if !errors.As(err, &one) || one != all[0] {
			t.Error("a single mistake can't be reached")
		}
		slices.Reverse(segments)
	}
}

// TestCompileDoesNotDependOnOrder compiles segments in two orders: positions,
// ids and fingerprint are the same, and each segment has one position.
func TestCompileDoesNotDependOnOrder(t *testing.T) {
	segments := []rules.Segment{
		rules.NewSegment("a", `segment("b") or segment("c")`), rules.NewSegment("b", `segment("d")`), rules.NewSegment("c", `segment("d")`), rules.NewSegment("d", "traits.x"),
	}
	one, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(segments)
	two, err := rules.Compile(segments)
	if err != nil {
		t.Fatal(err)
	}
	if one.Len() != 4 || !slices.Equal(one.IDs(), two.IDs()) || one.Fingerprint() != two.Fingerprint() {
		t.Errorf("%v %v", one.IDs(), two.IDs())
	}
	for i, id := range one.IDs() {
		if at, ok := one.Position(id); !ok || at != i {
			t.Errorf("%s stands at %d, not %d", id, at, i)
		}
	}
	other, err := rules.Compile(append(segments[:3:3], rules.NewSegment("a", `segment("b")`)))
	if err != nil || other.Fingerprint() == one.Fingerprint() {
		t.Errorf("another rule has the same fingerprint (%v)", err)
	}
}
