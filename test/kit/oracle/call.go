package oracle

import "github.com/expr-lang/expr/ast"

func (r *rewriter) call(n *ast.CallNode) ast.Node {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return r.refuse(n, "methods are not in the language")
	}
	return r.named(n, callee.Value, n.Arguments)
}

// simple are the functions of one value that need no care.
var simple = map[string]string{
	"len": "$len", "lower": "$lower", "upper": "$upper", "trim": "$trim", "version": "$version",
	"float": "$float", "int": "$int", "string": "$string",
	"mean": "$mean", "min": "$min", "max": "$max", "flatten": "$flatten",
}

// named rewrites name(arguments...), whether expr knows the name or not.
func (r *rewriter) named(n ast.Node, name string, arguments []ast.Node) ast.Node {
	if function, known := simple[name]; known {
		if foldsTwo(name, arguments) {
			return invoke(function, builtin("map", r.list(arguments[0]), r.within(arguments[1], r.value)))
		}
		if len(arguments) != 1 {
			return r.refuse(n, "%s takes one argument", name)
		}
		return invoke(function, r.value(arguments[0]))
	}
	switch name {
	case "any", "all", "none", "one", "count", "filter", "map", "sum", "uniq", "first", "last":
		return r.aggregate(n, name, arguments)
	case "events":
		return r.events(n, arguments)
	case "now":
		if len(arguments) != 0 {
			return r.refuse(n, "now takes no argument")
		}
		r.rule.moves = append(r.rule.moves, 0)
		return invoke("$now")
	case "sequence":
		return r.sequence(n, arguments)
	case "abandoned":
		return r.abandoned(n, arguments)
	case "held":
		return r.held(n, arguments)
	case "lookup":
		return r.lookup(n, arguments)
	case "date":
		if len(arguments) != 1 {
			return r.refuse(n, "date takes one argument")
		}
		if text, ok := literals(arguments); ok {
			return r.constant(n, name, text[0])
		}
		return invoke("$date", r.value(arguments[0]))
	case "ago", "from_now", "segment", "bucket":
		text, ok := literals(arguments)
		if !ok || len(text) != 1 {
			return r.refuse(n, "%s takes one literal string", name)
		}
		return r.constant(n, name, text[0])
	}
	return r.refuse(n, "unknown function %s", name)
}

// foldsTwo reports whether a call is of a list and of what is taken of each of
// its elements, which expr would take for two values.
func foldsTwo(name string, arguments []ast.Node) bool {
	if len(arguments) != 2 || name != "mean" && name != "min" && name != "max" {
		return false
	}
	_, number := arguments[0].(*ast.IntegerNode)
	return !number
}

// aggregate keeps expr's own builtin over a list, with a total predicate.
func (r *rewriter) aggregate(n ast.Node, name string, arguments []ast.Node) ast.Node {
	if len(arguments) == 0 {
		return r.refuse(n, "%s takes an argument", name)
	}
	list := r.list(arguments[0])
	if len(arguments) == 1 {
		switch name {
		case "count":
			return invoke("$len", list)
		case "sum":
			return invoke("$sum", list)
		case "uniq", "first", "last":
			return &ast.BuiltinNode{Name: name, Arguments: []ast.Node{list}}
		}
		return r.refuse(n, "%s takes a predicate", name)
	}
	body, ok := arguments[1].(*ast.PredicateNode)
	if !ok || len(arguments) != 2 {
		return r.refuse(n, "%s takes one argument", name)
	}
	switch name {
	case "map":
		return builtin("map", list, r.within(body.Node, r.value))
	case "sum":
		return invoke("$sum", builtin("map", list, r.within(body.Node, r.value)))
	case "count":
		return invoke("$number", builtin("count", list, r.within(body.Node, r.condition)))
	}
	return builtin(name, list, r.within(body.Node, r.condition))
}

// list rewrites a node to one that yields an array, as events(...) is sure
// to do.
func (r *rewriter) list(node ast.Node) ast.Node {
	n := r.value(node)
	if call, ok := n.(*ast.CallNode); ok && call.Callee.(*ast.IdentifierNode).Value == "$events" {
		return n
	}
	return invoke("$elements", n)
}

func builtin(name string, list, body ast.Node) ast.Node {
	return &ast.BuiltinNode{Name: name, Arguments: []ast.Node{list, &ast.PredicateNode{Node: body}}}
}

// constant rewrites a function of one literal.
func (r *rewriter) constant(n ast.Node, name, text string) ast.Node {
	switch name {
	case "segment":
		r.rule.needs = append(r.rule.needs, text)
		return invoke("$segment", &ast.StringNode{Value: text})
	case "bucket":
		return invoke("$bucket", &ast.StringNode{Value: text})
	case "date":
		at, ok := parseTime(text)
		if !ok {
			return r.refuse(n, "%q is neither a date nor a time", text)
		}
		r.rule.literal(text)
		return &ast.ConstantNode{Value: at}
	}
	duration, err := parseDuration(text)
	if err != nil {
		return r.refuse(n, "%v", err)
	}
	shift := -duration
	if name == "from_now" {
		shift = duration
	}
	r.rule.moves = append(r.rule.moves, -shift)
	return invoke("$shifted", &ast.ConstantNode{Value: shift})
}

// events rewrites events(name), events(name, "30d"), events(name, "30d",
// "7d") and events(name, since("2026-11-01")).
func (r *rewriter) events(n ast.Node, arguments []ast.Node) ast.Node {
	var s stream
	if len(arguments) == 2 {
		if call, ok := arguments[1].(*ast.CallNode); ok {
			s.since, s.from = r.since(call)
			arguments = arguments[:1]
		}
	}
	text, ok := literals(arguments)
	if !ok || len(text) < 1 || len(text) > 3 {
		return r.refuse(n, "events takes a literal name and at most two literal durations")
	}
	var err error
	if s.name, s.prefix, err = parsePattern(text[0]); err != nil {
		return r.refuse(n, "%v", err)
	}
	for i, source := range text[1:] {
		duration, err := parseDuration(source)
		if err != nil {
			return r.refuse(n, "%v", err)
		}
		r.rule.windows = append(r.rule.windows, duration)
		if i == 0 {
			s.newer = duration
		} else {
			s.older = duration
		}
	}
	return invoke("$events", &ast.ConstantNode{Value: r.rule.oracle.intern(s)})
}

func (r *rewriter) since(call *ast.CallNode) (instant, bool) {
	callee, isName := call.Callee.(*ast.IdentifierNode)
	text, isText := literals(call.Arguments)
	if isName && callee.Value == "since" && isText && len(text) == 1 {
		if at, ok := parseTime(text[0]); ok {
			return at, true
		}
	}
	r.refuse(call, "the window is a duration or since(\"2026-11-01\")")
	return 0, false
}

// literals reads arguments that are all literal strings.
func literals(arguments []ast.Node) ([]string, bool) {
	var list []string
	for _, argument := range arguments {
		text, ok := argument.(*ast.StringNode)
		if !ok {
			return nil, false
		}
		list = append(list, text.Value)
	}
	return list, true
}
