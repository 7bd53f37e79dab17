package language

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser/lexer"
)

// In expr, `not a == b` is `(not a) == b`, and `a == b == c` is
// `(a == b) == c`. Nobody who writes them means that, so they are refused,
// whatever the operands are.

// comparing are the operators that bind equally and yield a bool.
var comparing = []string{"==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches"}

// misread reports a comparison whose left side is a negation or another
// comparison without parentheses around it.
func (c *checker) misread(node *ast.BinaryNode) bool {
	if !slices.Contains(comparing, node.Operator) {
		return false
	}
	side := leftmost(node)
	switch side := side.(type) {
	case *ast.UnaryNode:
		if side.Operator == "-" || side.Operator == "+" || !c.source().bare(node, side) {
			return false
		}
		operator := c.source().at[node.Location().From]
		if negated, suffixed := negatedOperator(side); suffixed {
			return c.chained(negated, operator)
		}
		c.mistakes = append(c.mistakes, Mistake{
			From: side.Location().From, Message: "not stands before one side of this comparison, not before all of it",
			Hint: c.source().row(operator).negated(),
		})
		return true
	case *ast.BinaryNode:
		if !isConnective(side) && !slices.Contains(comparing, side.Operator) || !c.source().bare(node, side) {
			return false
		}
		return c.chained(side, c.source().at[node.Location().From])
	}
	return false
}

// leftmost returns the piece that stands first on the left side of a
// comparison. A not before a sum belongs to its first summand.
func leftmost(node *ast.BinaryNode) ast.Node {
	for {
		sum, ok := node.Left.(*ast.BinaryNode)
		if !ok || sum.Operator != "+" && sum.Operator != "-" {
			return node.Left
		}
		node = sum
	}
}

// bare reports whether the piece that stands first on the left side of a
// comparison has no parentheses around it.
func (s *source) bare(node *ast.BinaryNode, first ast.Node) bool {
	for {
		operator, known := s.at[node.Location().From]
		begin, begins := s.at[node.Left.Location().From]
		if !known || !begins || s.enclosed(begin, operator) {
			return false
		}
		if node.Left == first {
			return true
		}
		node = node.Left.(*ast.BinaryNode)
	}
}

// negatedOperator returns the comparison of a not in b and its kin, which
// the parser makes of one operator.
func negatedOperator(n *ast.UnaryNode) (*ast.BinaryNode, bool) {
	negated, ok := n.Node.(*ast.BinaryNode)
	return negated, ok && negated.Location().From == n.Location().From
}

// isConnective reports whether a node is what the parser makes of 1 < x < 2,
// or conditions that are linked.
func isConnective(n *ast.BinaryNode) bool {
	return slices.Contains([]string{"and", "or", "&&", "||"}, n.Operator)
}

// chained reports a comparison of a comparison, once for the whole row.
func (c *checker) chained(left *ast.BinaryNode, operator int) bool {
	if !c.misread(left) {
		c.mistakes = append(c.mistakes, Mistake{
			From:    c.source().tokens[operator].From,
			Message: "a comparison can't be compared further without parentheses",
			Hint:    c.source().row(operator).linked(),
		})
	}
	return true
}

// operands checks what stands between the operators of a misread row.
func (c *checker) operands(node ast.Node, visible scope) *Term {
	switch n := node.(type) {
	case *ast.UnaryNode:
		c.operands(n.Node, visible)
	case *ast.BinaryNode:
		switch {
		case n.Operator == "..":
		case isConnective(n):
			c.operands(n.Left, visible)
			if last, ok := n.Right.(*ast.BinaryNode); ok { // what stands in the middle is in both
				c.operands(last.Right, visible)
			}
		default:
			c.operands(n.Left, visible)
			c.operands(n.Right, visible)
		}
	default:
		c.operand(node, visible)
	}
	return invalid
}

// enclosed reports whether the operand that a token belongs to stands in
// parentheses right before an operator.
func (s *source) enclosed(operand, operator int) bool {
	last := operator - 1
	if last > 0 && s.isOperator(last, "not") {
		last--
	}
	return last >= 0 && s.tokens[last].Is(lexer.Bracket, ")") && s.opened[last] < operand
}
