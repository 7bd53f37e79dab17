package oracle

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// never is since when a condition is true that is not.
const never = -1

// hold is a mention of held(condition, d).
type hold struct {
	condition *rule
	d         int64
}

// held rewrites held(cond, "7d"). The condition becomes a rule of its own,
// which is asked at every step of a profile; what let names around it is put
// in front of it.
func (r *rewriter) held(n ast.Node, arguments []ast.Node) ast.Node {
	if len(arguments) != 2 {
		return r.refuse(n, "held takes a condition and a duration")
	}
	d := r.duration(n, arguments[1])
	source := arguments[0]
	for i := len(r.lets) - 1; i >= 0; i-- {
		source = &ast.VariableDeclaratorNode{Name: r.lets[i].Name, Value: r.lets[i].Value, Expr: source}
	}
	o := r.rule.oracle
	o.mentions++
	c := &rule{oracle: o, id: fmt.Sprintf("condition %d of held", o.mentions)}
	if err := c.build(&parser.Tree{Node: source, Source: r.source}); err != nil {
		return r.refuse(n, "%v", err)
	}
	r.rule.holds = append(r.rule.holds, hold{c, d})
	return invoke("$held", &ast.ConstantNode{Value: c}, &ast.ConstantNode{Value: d})
}

// held reports whether a condition has been true for at least d.
func (m *moment) held(c *rule, d int64) bool {
	since := m.profile.since[c.number]
	return since != never && m.now-since >= d
}

// step asks some conditions, each after those it rests on, and notes since
// when they are true.
func (o *Oracle) step(h *history, now int64, conditions []*rule) {
	m := o.moment(h, now)
	for _, c := range conditions {
		switch in := m.holds(c); {
		case !in:
			h.since[c.number] = never
		case h.since[c.number] == never:
			h.since[c.number] = now
		}
	}
}

// walk takes a profile through every instant up to a time at which one of
// the conditions may flip.
func (o *Oracle) walk(h *history, until int64) {
	for {
		now, conditions := h.ahead.next(h, until)
		if conditions == nil {
			return
		}
		o.step(h, now, conditions)
	}
}

// askAll asks all conditions after an event, and plans when to ask again.
func (o *Oracle) askAll(h *history) {
	o.step(h, o.clock, o.conditions)
	h.ahead = plan(o.conditions, o.clock, there)
}

// foreseen is the profile as it would be at now if nothing more happened.
func (o *Oracle) foreseen(h *history, now int64) *history {
	later := *h
	later.since = append([]int64{}, h.since...)
	o.walk(&later, now)
	return &later
}
