package language

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"muster/spelling"
)

// opening stands before a predicate while it is parsed: only within a predicate
// does the parser know a dot without anything before it.
const opening = "any(x, "

// CheckPredicate parses and checks a condition on one event, as it stands in
// the predicate of a stream: .price > 10. Where names are given it is written
// with these instead, each for the property of that name: price > 10. With any
// mistake, the term is nil.
func CheckPredicate(text string, names []string) (*Term, []Mistake) {
	if unusable := unreadable(text); unusable != nil {
		return nil, []Mistake{*unusable}
	}
	before, behind := "", ""
	if len(names) == 0 {
		before, behind = opening, ")"
	}
	c := &checker{rule: before + text + behind, names: names, alone: true}
	if mayLoseDigits(c.rule) {
		c.mistakes = c.source().inexact()
	}
	node, syntax := parse(c.rule)
	if syntax != nil {
		if len(c.mistakes) == 0 {
			c.mistakes = []Mistake{*syntax}
		}
		return nil, within(c.mistakes, before, text)
	}
	if before != "" {
		node = predicateIn(node)
	}
	if node == nil {
		return nil, []Mistake{{Message: "the brackets don't match", Hint: "each ( wants a ) behind it"}}
	}
	term := c.condition(node, scope{event: true})
	if len(c.mistakes) == 0 && term.size(maxTerms) > maxTerms {
		c.wrong(node, "write a shorter condition", "the condition grows past %d parts when what let names is put in", maxTerms)
	}
	if len(c.mistakes) > 0 {
		return nil, within(c.mistakes, before, text)
	}
	return term, nil
}

// predicateIn is the predicate behind opening, nil where the text has closed
// its bracket and goes on.
func predicateIn(root ast.Node) ast.Node {
	call, ok := root.(*ast.BuiltinNode)
	if !ok || call.Name != "any" || len(call.Arguments) != 2 {
		return nil
	}
	if x, ok := call.Arguments[0].(*ast.IdentifierNode); !ok || x.Value != "x" {
		return nil
	}
	return call.Arguments[1]
}

// within moves mistakes to where they stand in the text itself.
func within(mistakes []Mistake, before, text string) []Mistake {
	for i := range mistakes {
		mistakes[i].From = min(max(0, mistakes[i].From-utf8.RuneCountInString(before)), utf8.RuneCountInString(text))
	}
	return mistakes
}

// column returns the property that a name stands for.
func (c *checker) column(name string, s scope) (*Term, bool) {
	if !s.event || !slices.Contains(c.names, name) {
		return nil, false
	}
	return &Term{Op: OpProperty, Name: string(below("", name))}, true
}

// columnHint says what to write in place of a name that nobody knows, where
// properties go by names alone.
func (c *checker) columnHint(name string) string {
	if near := spelling.Nearest(name, c.names); near != "" {
		return "did you mean " + near + "?"
	}
	return "the names are " + strings.Join(c.names, ", ")
}
