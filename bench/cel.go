package main

import (
	"fmt"

	"cel.dev/cel-go/cel"

	"muster/event"
	"muster/test/kit/workload"
)

// celLoop runs one compiled CEL program after the other.
type celLoop struct {
	attributes []*workload.Attribute
	programs   []cel.Program
	values     map[string]any
}

func newCELLoop(attributes []*workload.Attribute, list []*workload.Predicate) (*celLoop, error) {
	var options []cel.EnvOption
	for _, a := range attributes {
		options = append(options, cel.Variable(a.Name, celTypes[a.Kind]))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("declaring attributes to CEL: %w", err)
	}
	l := &celLoop{attributes: attributes, values: map[string]any{}}
	for _, rule := range list {
		text := rule.Text(workload.CEL)
		ast, issues := env.Compile(text)
		if issues.Err() != nil {
			return nil, fmt.Errorf("compiling %q with CEL: %w", text, issues.Err())
		}
		program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			return nil, fmt.Errorf("planning %q with CEL: %w", text, err)
		}
		l.programs = append(l.programs, program)
	}
	return l, nil
}

var celTypes = map[workload.Kind]*cel.Type{
	workload.Text: cel.StringType, workload.Integer: cel.IntType, workload.Float: cel.DoubleType,
	workload.Bool: cel.BoolType, workload.Open: cel.DynType,
}

// load takes the values of a profile.
func (l *celLoop) load(values []event.Value) {
	for i, a := range l.attributes {
		l.values[a.Name] = plain(a, values[i])
	}
}

// holds runs one rule. A rule that ends in an error, because a value is
// missing, does not hold.
func (l *celLoop) holds(rule int) bool {
	out, _, err := l.programs[rule].Eval(l.values)
	return err == nil && out.Value() == true
}

// matches runs every rule and counts those that hold.
func (l *celLoop) matches() int {
	n := 0
	for i := range l.programs {
		if l.holds(i) {
			n++
		}
	}
	return n
}
