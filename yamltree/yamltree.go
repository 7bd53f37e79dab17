// Package yamltree walks the syntax tree of a YAML file that people write, so
// that every mistake in it has its line and column.
//
// It promises that a mapping has no key that nobody reads and none twice, and
// that reading a text takes a time that grows with its length, and not with the
// square of it: Parse refuses what the YAML package would take long for.
//
// The trap: the parser names the colon of a pair as the place of a mapping,
// and must be told to let keys through that stand twice.
package yamltree

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Start is where a node begins. That of a mapping without braces is its first
// key; the parser names the colon behind it.
func Start(n ast.Node) *token.Position {
	if values, ok := Pairs(n); ok && len(values) > 0 {
		if m, ok := n.(*ast.MappingNode); ok && m.IsFlowStyle {
			return m.Start.Position
		}
		return values[0].Key.GetToken().Position
	}
	return n.GetToken().Position
}

// Pairs returns the pairs of a mapping, and false for any other node.
func Pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// Key returns the key of a pair as it is written.
func Key(pair *ast.MappingValueNode) string { return pair.Key.GetToken().Value }

// Walk is how mappings are read.
type Walk struct {
	// Wrong is told of a mistake in what a node says.
	Wrong func(n ast.Node, hint, format string, args ...any)
	// KeyHint says what to write in place of a key that nobody knows. what is
	// what the mapping is called in messages.
	KeyHint func(key, what string, known []string) string
	// KindHint says what to write in place of a node of another kind; hint is
	// what is said of most. nil says that of all.
	KindHint func(n ast.Node, hint string) string
}

// Mapping calls read with the values of a mapping, as they stand in it, each
// with the number that its key has among those that are known. It refuses
// unknown and repeated keys, and reports whether the node is a mapping.
func (w Walk) Mapping(n ast.Node, what string, known []string, read func(key int, value ast.Node)) bool {
	values, ok := Pairs(n)
	if !ok {
		hint := "the keys are " + strings.Join(known, ", ") + ", each with a colon behind it"
		if w.KindHint != nil {
			hint = w.KindHint(n, hint)
		}
		w.Wrong(n, hint, "%s must be a mapping", what)
		return false
	}
	seen := map[string]bool{}
	for _, pair := range values {
		key := Key(pair)
		i := slices.Index(known, key)
		switch {
		case i < 0:
			w.Wrong(pair.Key, w.KeyHint(key, what, known), "%s has no key %s", what, key)
		case seen[key]:
			w.Wrong(pair.Key, "keep one of them", "the key %s stands twice", key)
		default:
			read(i, pair.Value)
		}
		seen[key] = true
	}
	return true
}
