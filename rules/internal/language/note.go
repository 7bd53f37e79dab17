package language

import (
	"strings"

	"github.com/expr-lang/expr/ast"

	"muster/event"
)

// Note is a piece of a rule that is in the language and probably means
// something else than it says: a property that has the name of something that
// is known of every event, used as only that would be.
type Note struct {
	Mistake
	Event string // when not "", the note only holds where some stream is of the events of this name
}

// Notes looks at the text of a rule that is in the language. It also returns
// the names of the events that the rule's streams ask for.
func Notes(text string) (notes []Note, names []string) {
	if unreadable(text) != nil {
		return nil, nil
	}
	node, syntax := parse(text)
	if syntax != nil {
		return nil, nil
	}
	n := &noter{lets: map[string]ast.Node{}}
	n.walk(node, nil)
	return n.notes, n.names
}

// noter walks the syntax tree of one rule.
type noter struct {
	notes []Note
	names []string
	lets  map[string]ast.Node
}

// asked is which events a stream asks for.
type asked struct {
	name   string
	prefix bool
}

// walk looks at a piece that stands in a predicate over a stream, or outside
// of one, with nil.
func (n *noter) walk(node ast.Node, within *asked) {
	switch node := node.(type) {
	case *ast.BuiltinNode:
		n.call(node, node.Name, node.Arguments, within)
	case *ast.CallNode:
		if callee, ok := node.Callee.(*ast.IdentifierNode); ok {
			n.call(node, callee.Value, node.Arguments, within)
		}
	case *ast.BinaryNode:
		n.sides(node, within)
		n.walk(node.Left, within)
		n.walk(node.Right, within)
	case *ast.VariableDeclaratorNode:
		n.walk(node.Value, within)
		n.lets[node.Name] = node.Value
		n.walk(node.Expr, within)
	case *ast.ChainNode:
		n.walk(node.Node, within)
	case *ast.MemberNode:
		n.walk(node.Node, within)
	case *ast.UnaryNode:
		n.walk(node.Node, within)
	case *ast.PredicateNode:
		n.walk(node.Node, within)
	case *ast.ConditionalNode:
		for _, part := range []ast.Node{node.Cond, node.Exp1, node.Exp2} {
			n.walk(part, within)
		}
	}
}

// call looks at a function. Its predicate is over its first argument.
func (n *noter) call(node ast.Node, name string, args []ast.Node, within *asked) {
	if stream := n.streamOf(node); name == "events" && stream != nil && !stream.prefix {
		n.names = append(n.names, stream.name)
	}
	if len(args) == 1 {
		n.folded(name, args[0])
	}
	for i, argument := range args {
		if predicate, ok := argument.(*ast.PredicateNode); ok && i > 0 {
			n.walk(predicate.Node, n.streamOf(args[0]))
			continue
		}
		n.walk(argument, within)
	}
}

// streamOf returns which events a piece is a stream of, nil when it is none.
func (n *noter) streamOf(node ast.Node) *asked {
	switch node := node.(type) {
	case *ast.ChainNode:
		return n.streamOf(node.Node)
	case *ast.IdentifierNode:
		if value, ok := n.lets[node.Value]; ok && value != ast.Node(node) {
			return n.streamOf(value)
		}
	case *ast.BuiltinNode:
		if node.Name == "filter" && len(node.Arguments) > 0 {
			return n.streamOf(node.Arguments[0])
		}
	case *ast.CallNode:
		if !isCallOf(node, "events") || len(node.Arguments) == 0 {
			return nil
		}
		if name, ok := node.Arguments[0].(*ast.StringNode); ok {
			before, prefix := strings.CutSuffix(name.Value, "*")
			return &asked{before, prefix}
		}
	}
	return nil
}

// ours are the names of what is known of every event, under those that the
// properties have which may be mistaken for it.
var ours = map[string]string{"name": "event_name", "timestamp": "event_time", "day": "event_day", "channel": "event_channel"}

var oursInWords = map[string]string{"name": "the event's own name", "timestamp": "the time of the event", "day": "the day of the event", "channel": "the channel of the call"}

// property returns the name of the property that a piece is, "" when it is
// none that may be mistaken, and the events that it is of.
func (n *noter) property(node ast.Node, within *asked) (name string, of *asked) {
	switch node := node.(type) {
	case *ast.ChainNode:
		return n.property(node.Node, within)
	case *ast.IdentifierNode:
		if value, ok := n.lets[node.Value]; ok {
			return n.property(value, within)
		}
	case *ast.BuiltinNode:
		if mapped, ok := edgeOf(node).(*ast.BuiltinNode); ok && mapped.Name == "map" {
			return n.mapped(mapped)
		}
	case *ast.MemberNode:
		key, ok := node.Property.(*ast.StringNode)
		if !ok || ours[key.Value] == "" {
			return "", nil
		}
		if of = within; !isPointer(node.Node) {
			of = n.streamOf(edgeOf(node.Node))
		}
		if of != nil {
			return key.Value, of
		}
	}
	return "", nil
}

func isPointer(node ast.Node) bool {
	pointer, ok := node.(*ast.PointerNode)
	return ok && pointer.Name == ""
}

// edgeOf returns what a piece is the first or last of, or nil.
func edgeOf(node ast.Node) ast.Node {
	one, ok := node.(*ast.BuiltinNode)
	if ok && (one.Name == "first" || one.Name == "last") && len(one.Arguments) == 1 {
		return one.Arguments[0]
	}
	return nil
}

// mapped is the property that a map takes of each event.
func (n *noter) mapped(m *ast.BuiltinNode) (name string, of *asked) {
	if len(m.Arguments) != 2 {
		return "", nil
	}
	body, ok := m.Arguments[1].(*ast.PredicateNode)
	stream := n.streamOf(m.Arguments[0])
	if !ok || stream == nil {
		return "", nil
	}
	return n.property(body.Node, stream)
}

// folded looks at what makes one value of a property of all events.
func (n *noter) folded(function string, argument ast.Node) {
	m, ok := argument.(*ast.BuiltinNode)
	if !ok || m.Name != "map" {
		return
	}
	name, of := n.mapped(m)
	switch function {
	case "uniq", "min", "max", "mean", "sum":
		if name != "" && name != "channel" && (name != "name" || of.prefix) {
			n.note(m.Arguments[1], name, "")
		}
	}
}

// sides looks at the two sides of an operator.
func (n *noter) sides(node *ast.BinaryNode, within *asked) {
	for _, side := range [][2]ast.Node{{node.Left, node.Right}, {node.Right, node.Left}} {
		name, of := n.property(side[0], within)
		if name == "" {
			continue
		}
		if name == "channel" {
			n.channel(side[0], side[1])
			continue
		}
		if _, ok := arithmetic[node.Operator]; ok {
			if name != "name" {
				n.note(side[0], name, "")
			}
			continue
		}
		n.against(side[0], name, of, node.Operator, side[1])
	}
}

// channel looks at what a property of this name is compared with: the
// channels that Segment's libraries name are seldom those of anything else.
func (n *noter) channel(node, other ast.Node) {
	switch other := other.(type) {
	case *ast.ArrayNode:
		for _, one := range other.Nodes {
			n.channel(node, one)
		}
	case *ast.StringNode:
		if other.Value == "server" || other.Value == "browser" || other.Value == "mobile" {
			n.note(node, "channel", "")
		}
	}
}

// against looks at a property and what it is compared with.
func (n *noter) against(node ast.Node, name string, of *asked, operator string, other ast.Node) {
	switch other := other.(type) {
	case *ast.ArrayNode:
		for _, one := range other.Nodes {
			n.against(node, name, of, operator, one)
		}
	case *ast.StringNode:
		switch {
		case name != "name":
			if looksTimed(other.Value) {
				n.note(node, name, "")
			}
		case comparisons[operator] == 0 && operator != "in":
			if of.prefix {
				n.note(node, name, "")
			}
		case of.prefix && strings.HasPrefix(other.Value, of.name), other.Value == event.PageViewed, other.Value == event.ScreenViewed:
			n.note(node, name, "")
		default:
			n.note(node, name, other.Value)
		}
	case *ast.CallNode:
		callee, ok := other.Callee.(*ast.IdentifierNode)
		if ok && name != "name" && (callee.Value == "date" || callee.Value == "ago" || callee.Value == "from_now") {
			n.note(node, name, "")
		}
	case *ast.BuiltinNode:
		if name != "name" && (other.Name == "now" || other.Name == "date") {
			n.note(node, name, "")
		}
	case *ast.MemberNode:
		if name == "timestamp" {
			n.note(node, name, "")
		}
	}
}

// looksTimed reports whether a text has a look of a date or of a part of one.
func looksTimed(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.Contains(text, "-")
}

// note adds a note, once for each place.
func (n *noter) note(node ast.Node, name, event string) {
	if predicate, ok := node.(*ast.PredicateNode); ok {
		node = predicate.Node
	}
	if chain, ok := node.(*ast.ChainNode); ok {
		node = chain.Node
	}
	n.notes = append(n.notes, Note{
		Mistake: Mistake{
			From:    node.Location().From,
			Message: "." + name + " is a property here, not " + oursInWords[name],
			Hint:    "write ." + ours[name] + " if that is meant",
		},
		Event: event,
	})
}
