package soak

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// shorter lists texts that a rule may become: those with one node replaced
// by a node below it, by true or by false, or with one element less in an
// array. Every one is shorter than the rule, so taking them comes to an end;
// some are no rules, which the caller finds out. The greatest steps come
// first.
func shorter(text string) []string {
	tree, err := parser.Parse(text)
	if err != nil {
		return nil
	}
	var texts []string
	offer := func() {
		if t := tree.Node.String(); len(t) < len(text) {
			texts = append(texts, t)
		}
	}
	for _, node := range nodes(&tree.Node) {
		whole := *node
		below := nodes(node)[1:]
		replacements := []ast.Node{&ast.BoolNode{Value: true}, &ast.BoolNode{Value: false}}
		for _, b := range below {
			replacements = append(replacements, *b)
		}
		for _, r := range replacements {
			*node = r
			offer()
		}
		*node = whole
		if list, ok := whole.(*ast.ArrayNode); ok {
			elements := list.Nodes
			for i := range elements {
				list.Nodes = slices.Delete(slices.Clone(elements), i, i+1)
				offer()
			}
			list.Nodes = elements
		}
	}
	return texts
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
