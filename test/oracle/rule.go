package oracle

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// rule is one segment's rule, ready to run.
type rule struct {
	oracle  *Oracle
	id      string
	number  int // its place among the rules of the oracle
	program *vm.Program
	needs   []string // ids of the segments it mentions

	// What makes its answer change without an event: an event leaves or
	// enters a window at its time + one of windows; a value that reads as
	// a time crosses now(), ago() or from_now() at its time + one of moves.
	windows []int64
	moves   []int64
	times   []int64 // instants that the rule itself spells out
}

// literal notes a text of the rule that may be compared as a time.
func (u *rule) literal(text string) {
	if t, ok := parseTime(text); ok {
		u.times = append(u.times, int64(t))
	}
}

// compile reads a rule, makes every operation total, and has expr check
// and compile the result.
func (o *Oracle) compile(id, source string, c *conf.Config) (*rule, error) {
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("parsing the rule of %s: %w", id, err)
	}
	u := &rule{oracle: o, id: id}
	r := &rewriter{rule: u, names: map[string]bool{}}
	tree.Node = r.condition(tree.Node)
	if r.err != nil {
		return nil, fmt.Errorf("checking the rule of %s: %w", id, r.err)
	}
	if _, err := checker.Check(tree, c); err != nil {
		return nil, fmt.Errorf("checking the rule of %s: %w", id, err)
	}
	if u.program, err = compiler.Compile(tree, c); err != nil {
		return nil, fmt.Errorf("compiling the rule of %s: %w", id, err)
	}
	return u, nil
}

// link checks that every segment a rule mentions exists and that none
// depends on itself, and hands down what makes their answers change.
func (o *Oracle) link(u *rule, path []string) error {
	if slices.Contains(path, u.id) {
		return fmt.Errorf("linking the rule of %s: it depends on itself", u.id)
	}
	for _, id := range u.needs {
		needed, exists := o.byID[id]
		if !exists {
			return fmt.Errorf("linking the rule of %s: there is no segment %s", u.id, id)
		}
		if err := o.link(needed, append(path, u.id)); err != nil {
			return err
		}
		u.windows = append(u.windows, needed.windows...)
		u.moves = append(u.moves, needed.moves...)
		u.times = append(u.times, needed.times...)
	}
	for _, list := range []*[]int64{&u.windows, &u.moves, &u.times} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return nil
}
