package soak

import (
	"iter"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// shorter yields texts that a rule may become: those with some elements less
// in an array, then those with one node replaced by a node below it, by true
// or by false. Every one is shorter than the rule, so taking them comes to an
// end; some are no rules, which the caller finds out. The greatest steps come
// first.
func shorter(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		tree, err := parser.Parse(text)
		if err != nil {
			return
		}
		offer := func() bool {
			t := tree.Node.String()
			return len(t) >= len(text) || yield(t)
		}
		for _, node := range nodes(&tree.Node) {
			if list, ok := (*node).(*ast.ArrayNode); ok && !shortenList(list, offer) {
				return
			}
		}
		for _, node := range nodes(&tree.Node) {
			if !replace(node, offer) {
				return
			}
		}
	}
}

// shortenList offers the tree with pieces of an array left out, halves
// first, until offer declines. The tree ends as it was.
func shortenList(list *ast.ArrayNode, offer func() bool) bool {
	whole := list.Nodes
	defer func() { list.Nodes = whole }()
	for size := len(whole) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(whole); at += size {
			list.Nodes = slices.Delete(slices.Clone(whole), at, at+size)
			if !offer() {
				return false
			}
		}
	}
	return true
}

// replace offers the tree with true, false and every node below in place of
// a node, until offer declines. The tree ends as it was.
func replace(node *ast.Node, offer func() bool) bool {
	whole := *node
	defer func() { *node = whole }()
	replacements := []ast.Node{&ast.BoolNode{Value: true}, &ast.BoolNode{Value: false}}
	for _, below := range nodes(node)[1:] {
		replacements = append(replacements, *below)
	}
	for _, r := range replacements {
		*node = r
		if !offer() {
			return false
		}
	}
	return true
}

// collector notes where every node of a tree hangs.
type collector struct{ found []*ast.Node }

// Visit is called for every node, those below a node before it.
func (c *collector) Visit(node *ast.Node) { c.found = append(c.found, node) }

// nodes lists a node and all below it, each before those below it.
func nodes(root *ast.Node) []*ast.Node {
	var c collector
	ast.Walk(root, &c)
	slices.Reverse(c.found)
	return c.found
}
