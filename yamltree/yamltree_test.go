package yamltree_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"muster/yamltree"
)

func parse(t *testing.T, text string) ast.Node {
	t.Helper()
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		t.Fatal(err)
	}
	return file.Docs[0].Body
}

// TestMapping reads a and b. What it says has the place of what is wrong.
func TestMapping(t *testing.T) {
	known := []string{"a", "b"}
	for text, want := range map[string][]string{
		"a: 1\nb: 2\n":    {"read a", "read b"},
		"\n\n  a: 1\n":    {"read a"},
		"{b: 1}":          {"read b"},
		"a: 1\nc: 2\n":    {"read a", "2:1 it has no key c (not c but a or b)"},
		"a: 1\na: 2\n":    {"read a", "2:1 the key a stands twice (keep one of them)"},
		"c: 1\nc: 2\n":    {"1:1 it has no key c (not c but a or b)", "2:1 it has no key c (not c but a or b)"},
		"- a: 1\n":        {"1:1 it must be a mapping (the keys are a, b, each with a colon behind it)"},
		"  - 1\n":         {"1:3 it must be a mapping (the keys are a, b, each with a colon behind it)"},
		"a text, no more": {"1:1 it must be a mapping (the keys are a, b, each with a colon behind it)"},
	} {
		var got []string
		w := yamltree.Walk{
			Wrong: func(n ast.Node, hint, format string, args ...any) {
				at := yamltree.Start(n)
				got = append(got, fmt.Sprintf("%d:%d %s (%s)", at.Line, at.Column, fmt.Sprintf(format, args...), hint))
			},
			KeyHint: func(key, _ string, known []string) string {
				return "not " + key + " but " + strings.Join(known, " or ")
			},
		}
		n := parse(t, text)
		_, mapping := yamltree.Pairs(n)
		if ok := w.Mapping(n, "it", known, func(key int, _ ast.Node) { got = append(got, "read "+known[key]) }); ok != mapping || !slices.Equal(got, want) {
			t.Errorf("%q: %t, %q; want %q", text, ok, got, want)
		}
	}
}

func TestKindHint(t *testing.T) {
	hint := ""
	w := yamltree.Walk{
		Wrong:    func(_ ast.Node, said, _ string, _ ...any) { hint = said },
		KindHint: func(n ast.Node, _ string) string { return "not " + n.Type().String() },
	}
	if w.Mapping(parse(t, "- 1"), "it", nil, nil) || hint != "not Sequence" {
		t.Errorf("the hint is %q", hint)
	}
}

// TestStart: a mapping begins with its first key, or its brace.
func TestStart(t *testing.T) {
	for text, column := range map[string]int{"ab: 1": 1, "  ab: 1\n  c: 2": 3, " {ab: 1}": 2, "  [1]": 3, " ab": 2} {
		if at := yamltree.Start(parse(t, text)); at.Column != column {
			t.Errorf("%q begins in column %d, want %d", text, at.Column, column)
		}
	}
}
