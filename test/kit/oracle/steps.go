package oracle

import "github.com/expr-lang/expr/ast"

// arrivalKey is a field of every event that no rule names: its place in the
// log, which orders events of the same time.
const arrivalKey = "$arrival"

// after reports whether one event stands strictly after another, by event
// time and then by arrival. No event stands after itself.
func after(a, b any) bool {
	x, y := a.(map[string]any), b.(map[string]any)
	if x["event_time"] != y["event_time"] {
		return x["event_time"].(instant) > y["event_time"].(instant)
	}
	return x[arrivalKey].(int) > y[arrivalKey].(int)
}

func happened(e any) instant { return e.(map[string]any)["event_time"].(instant) }

// abandoned reports whether the last event of the first stream is at least d
// old and none of the second stands after it.
func abandoned(first, second []any, d, now int64) bool {
	if len(first) == 0 {
		return false
	}
	last := first[len(first)-1]
	for _, e := range second {
		if after(e, last) {
			return false
		}
	}
	return int64(happened(last)) <= now-d
}

// sequence reports whether there is one event of each step, each strictly
// after the one before, the last at most within later than the first. From
// a given first event on, taking the next that fits is always best: it leaves
// the most to choose from and ends the earliest.
func sequence(steps [][]any, within int64) bool {
	for _, first := range steps[0] {
		last, complete := first, true
		for _, step := range steps[1:] {
			if last, complete = following(step, last); !complete {
				break
			}
		}
		if complete && int64(happened(last)-happened(first)) <= within {
			return true
		}
	}
	return false
}

// following is the first event of a step that stands after another.
func following(step []any, last any) (any, bool) {
	for _, e := range step {
		if after(e, last) {
			return e, true
		}
	}
	return nil, false
}

// abandoned rewrites abandoned(S1, S2, "1h").
func (r *rewriter) abandoned(n ast.Node, arguments []ast.Node) ast.Node {
	if len(arguments) != 3 {
		return r.refuse(n, "abandoned takes two streams and a duration")
	}
	d := r.duration(n, arguments[2])
	r.rule.moves = append(r.rule.moves, d)
	return invoke("$abandoned", r.list(arguments[0]), r.list(arguments[1]), &ast.ConstantNode{Value: d})
}

// sequence rewrites sequence("1h", S1, S2, ...).
func (r *rewriter) sequence(n ast.Node, arguments []ast.Node) ast.Node {
	if len(arguments) < 3 || len(arguments) > 9 {
		return r.refuse(n, "sequence takes a duration and 2 to 8 streams")
	}
	rewritten := []ast.Node{&ast.ConstantNode{Value: r.duration(n, arguments[0])}}
	for _, stream := range arguments[1:] {
		rewritten = append(rewritten, r.list(stream))
	}
	return invoke("$sequence", rewritten...)
}

// duration reads an argument that must be a literal duration.
func (r *rewriter) duration(n, argument ast.Node) int64 {
	text, ok := argument.(*ast.StringNode)
	if !ok {
		r.refuse(n, "a literal duration is wanted")
		return 0
	}
	d, err := parseDuration(text.Value)
	if err != nil {
		r.refuse(n, "%v", err)
	}
	return d
}
