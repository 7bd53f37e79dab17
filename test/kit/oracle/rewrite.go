package oracle

import (
	"fmt"
	"regexp"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// rewriter turns the tree that expr parsed into one whose every operation
// is total, by the laws of the language. It never changes a node in place:
// in 1 < x < 2 and in x ?: y the parser hangs the same node into the tree
// twice, and a second pass over it would rewrite what is already rewritten.
type rewriter struct {
	rule   *rule
	names  map[string]bool               // variables declared by let
	lets   []*ast.VariableDeclaratorNode // those around, outermost first
	source file.Source

	depth   int // how many predicates are around
	lookups int // how often a catalogue was asked so far

	err error // the first thing that is not in the language
}

// operators that become a call of a function on two values.
var operators = map[string]string{
	"<": "$less", "<=": "$lessEqual", ">": "$more", ">=": "$moreEqual",
	"contains": "$contains", "startsWith": "$startsWith", "endsWith": "$endsWith",
	"+": "$add", "-": "$subtract", "*": "$multiply", "/": "$divide", "%": "$remainder",
	"**": "$power", "^": "$power",
}

func (r *rewriter) refuse(node ast.Node, format string, args ...any) ast.Node {
	if r.err == nil {
		r.err = fmt.Errorf("column %d: %s", node.Location().From+1, fmt.Sprintf(format, args...))
	}
	return &ast.NilNode{}
}

// value rewrites a node to one that yields any value.
func (r *rewriter) value(node ast.Node) ast.Node {
	switch n := node.(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.FloatNode:
		return n
	case *ast.StringNode:
		r.rule.literal(n.Value)
		return n
	case *ast.IntegerNode:
		return &ast.FloatNode{Value: float64(n.Value)}
	case *ast.IdentifierNode:
		return r.identifier(n)
	case *ast.UnaryNode:
		return r.unary(n)
	case *ast.BinaryNode:
		return r.binary(n)
	case *ast.ChainNode:
		return r.value(n.Node)
	case *ast.MemberNode:
		return r.member(n)
	case *ast.CallNode:
		return r.call(n)
	case *ast.BuiltinNode:
		return r.named(n, n.Name, n.Arguments)
	case *ast.PointerNode:
		if n.Name == "" {
			return &ast.PointerNode{}
		}
	case *ast.ConditionalNode:
		return &ast.ConditionalNode{Cond: r.condition(n.Cond), Exp1: r.value(n.Exp1), Exp2: r.value(n.Exp2)}
	case *ast.VariableDeclaratorNode:
		return r.let(n)
	case *ast.ArrayNode:
		return &ast.ArrayNode{Nodes: r.values(n.Nodes)}
	}
	return r.refuse(node, "%s is not in the language", node)
}

func (r *rewriter) values(nodes []ast.Node) []ast.Node {
	list := make([]ast.Node, 0, len(nodes))
	for _, node := range nodes {
		list = append(list, r.value(node))
	}
	return list
}

// condition rewrites a node to one that yields a bool.
func (r *rewriter) condition(node ast.Node) ast.Node {
	n := r.value(node)
	if isCondition(n) {
		return n
	}
	return invoke("$isTrue", n)
}

// isCondition reports whether a rewritten node is sure to yield a bool, so
// that there is no need to ask whether it is true.
func isCondition(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.UnaryNode:
		return n.Operator == "not"
	case *ast.BinaryNode:
		return n.Operator != "??"
	case *ast.BuiltinNode:
		return n.Name == "any" || n.Name == "all" || n.Name == "none" || n.Name == "one"
	case *ast.CallNode:
		name := n.Callee.(*ast.IdentifierNode).Value
		return conditions[name] != nil || name == "$segment" || name == "$abandoned" || name == "$held"
	}
	return false
}

func (r *rewriter) identifier(n *ast.IdentifierNode) ast.Node {
	if n.Value == "traits" || n.Value == "groups" || n.Value == "profile" || r.names[n.Value] {
		return &ast.IdentifierNode{Value: n.Value}
	}
	return r.refuse(n, "unknown name %s", n.Value)
}

func (r *rewriter) let(n *ast.VariableDeclaratorNode) ast.Node {
	value := r.value(n.Value)
	outer := r.names[n.Name]
	r.names[n.Name] = true
	r.lets = append(r.lets, n)
	body := r.value(n.Expr)
	r.lets = r.lets[:len(r.lets)-1]
	r.names[n.Name] = outer
	return &ast.VariableDeclaratorNode{Name: n.Name, Value: value, Expr: body}
}

func (r *rewriter) unary(n *ast.UnaryNode) ast.Node {
	switch n.Operator {
	case "not", "!":
		return &ast.UnaryNode{Operator: "not", Node: r.condition(n.Node)}
	case "-":
		return invoke("$negate", r.value(n.Node))
	case "+":
		return invoke("$number", r.value(n.Node))
	}
	return r.refuse(n, "%s is not in the language", n.Operator)
}

func (r *rewriter) binary(n *ast.BinaryNode) ast.Node {
	switch n.Operator {
	case "and", "or", "&&", "||":
		return &ast.BinaryNode{Operator: n.Operator, Left: r.condition(n.Left), Right: r.condition(n.Right)}
	case "??":
		return &ast.BinaryNode{Operator: "??", Left: r.value(n.Left), Right: r.value(n.Right)}
	case "==":
		return r.equality(n)
	case "!=":
		return &ast.UnaryNode{Operator: "not", Node: r.equality(n)}
	case "in":
		return r.membership(n)
	case "matches":
		return r.matches(n)
	}
	if function, known := operators[n.Operator]; known {
		return invoke(function, r.value(n.Left), r.value(n.Right))
	}
	return r.refuse(n, "%s is not in the language here", n.Operator)
}

// equality is ==; with a literal nil on either side it tests presence.
func (r *rewriter) equality(n *ast.BinaryNode) ast.Node {
	if _, ok := n.Right.(*ast.NilNode); ok {
		return invoke("$isMissing", r.value(n.Left))
	}
	if _, ok := n.Left.(*ast.NilNode); ok {
		return invoke("$isMissing", r.value(n.Right))
	}
	return invoke("$equal", r.value(n.Left), r.value(n.Right))
}

func (r *rewriter) membership(n *ast.BinaryNode) ast.Node {
	bounds, isRange := n.Right.(*ast.BinaryNode)
	if !isRange || bounds.Operator != ".." {
		return invoke("$in", r.value(n.Left), r.value(n.Right))
	}
	low, lowOK := bound(bounds.Left)
	high, highOK := bound(bounds.Right)
	if !lowOK || !highOK {
		return r.refuse(bounds, "the bounds of .. must be whole number literals")
	}
	return invoke("$inRange", r.value(n.Left), &ast.FloatNode{Value: low}, &ast.FloatNode{Value: high})
}

// bound reads a whole number literal, with or without a sign.
func bound(node ast.Node) (float64, bool) {
	switch n := node.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.UnaryNode:
		value, ok := bound(n.Node)
		if n.Operator == "-" {
			return -value, ok
		}
	}
	return 0, false
}

func (r *rewriter) matches(n *ast.BinaryNode) ast.Node {
	source, ok := n.Right.(*ast.StringNode)
	if !ok {
		return r.refuse(n, "matches needs a literal expression")
	}
	compiled, err := regexp.Compile(source.Value)
	if err != nil {
		return r.refuse(n, "%v", err)
	}
	return invoke("$matches", r.value(n.Left), &ast.ConstantNode{Value: compiled})
}

var profileFields = map[string]bool{"id": true, "first_seen": true, "last_seen": true, "groups": true}

func (r *rewriter) member(n *ast.MemberNode) ast.Node {
	key, ok := n.Property.(*ast.StringNode)
	if !ok {
		return r.refuse(n, "a field must be named by a literal string")
	}
	if column, ok := r.columnIn(n, key.Value); ok {
		return column
	}
	if keys, ok := r.contextOf(n); ok {
		return invoke("$context", &ast.ConstantNode{Value: keys})
	}
	owner, isName := n.Node.(*ast.IdentifierNode)
	if isName && owner.Value == "profile" && !r.names["profile"] && !profileFields[key.Value] {
		return r.refuse(n, "unknown field profile.%s", key.Value)
	}
	return invoke("$field", r.value(n.Node), &ast.StringNode{Value: key.Value})
}

// invoke calls one of the functions of function.go. No rule can spell
// their names: a name with a $ is unknown to call.
func invoke(function string, arguments ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: function}, Arguments: arguments}
}
