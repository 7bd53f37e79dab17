package main

import (
	"fmt"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"muster/event"
	"muster/test/kit/workload"
)

// exprLoop runs one compiled expr program after the other: a typed map as
// environment, bare variable names, one machine for all, which is the
// quickest way found to use expr.
type exprLoop struct {
	attributes []*workload.Attribute
	programs   []*vm.Program
	machine    vm.VM
	values     map[string]any
}

func newExprLoop(attributes []*workload.Attribute, list []*workload.Predicate) (*exprLoop, error) {
	known := types.Map{}
	for _, a := range attributes {
		known[a.Name] = exprTypes[a.Kind]
	}
	env := expr.Env(known)
	l := &exprLoop{attributes: attributes, values: map[string]any{}}
	for _, rule := range list {
		program, err := expr.Compile(rule.Text(workload.Expr), env, expr.AsBool())
		if err != nil {
			return nil, fmt.Errorf("compiling with expr: %w", err)
		}
		l.programs = append(l.programs, program)
	}
	return l, nil
}

var exprTypes = map[workload.Kind]types.Type{
	workload.Text: types.String, workload.Integer: types.Int, workload.Float: types.Float64,
	workload.Bool: types.Bool, workload.Open: types.Any,
}

// load takes the values of a profile.
func (l *exprLoop) load(values []event.Value) {
	for i, a := range l.attributes {
		l.values[a.Name] = plain(a, values[i])
	}
}

// holds runs one rule. A rule that ends in an error, because a value is
// missing, does not hold.
func (l *exprLoop) holds(rule int) bool {
	out, err := l.machine.Run(l.programs[rule], l.values)
	return err == nil && out == true
}

// matches runs every rule and counts those that hold.
func (l *exprLoop) matches() int {
	n := 0
	for i := range l.programs {
		if l.holds(i) {
			n++
		}
	}
	return n
}

// plain is a value as Go knows it, nil when missing.
func plain(a *workload.Attribute, v event.Value) any {
	switch {
	case v.IsMissing():
		return nil
	case a.Kind == workload.Integer:
		return int(v.Number())
	case a.Kind == workload.Float:
		return v.Number()
	case a.Kind == workload.Bool:
		return v.True()
	}
	return v.Text()
}
