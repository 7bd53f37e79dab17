package oracle

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
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
	linked  bool

	// What makes its answer change without an event: an event leaves or
	// enters a window at its time + one of windows; a value that reads as
	// a time crosses now(), ago() or from_now() at its time + one of moves.
	windows []int64
	moves   []int64
	times   []int64 // instants that the rule itself spells out
	holds   []hold  // what has to be held for how long, since the time when it became true
}

// literal notes a text of the rule that may be compared as a time.
func (u *rule) literal(text string) {
	if t, ok := parseTime(text); ok {
		u.times = append(u.times, int64(t))
	}
}

// compile reads a rule, makes every operation total, and has expr check
// and compile the result.
func (o *Oracle) compile(id, source string) (*rule, error) {
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("parsing the rule of %s: %w", id, err)
	}
	u := &rule{oracle: o, id: id}
	return u, u.build(tree)
}

// build makes the program of a rule.
func (u *rule) build(tree *parser.Tree) (err error) {
	r := &rewriter{rule: u, names: map[string]bool{}, source: tree.Source}
	tree.Node = r.condition(tree.Node)
	if r.err != nil {
		return fmt.Errorf("checking the rule of %s: %w", u.id, r.err)
	}
	if _, err := checker.Check(tree, u.oracle.config); err != nil {
		return fmt.Errorf("checking the rule of %s: %w", u.id, err)
	}
	if u.program, err = compiler.Compile(tree, u.oracle.config); err != nil {
		return fmt.Errorf("compiling the rule of %s: %w", u.id, err)
	}
	return nil
}

// link checks that every segment a rule mentions exists and that none
// depends on itself, and hands down what makes their answers change. The
// conditions of held get their numbers, each behind those it rests on.
func (o *Oracle) link(u *rule, path []string) error {
	if slices.Contains(path, u.id) {
		return fmt.Errorf("linking the rule of %s: it depends on itself", u.id)
	}
	if u.linked {
		return nil
	}
	own := u.holds
	for _, id := range u.needs {
		needed, exists := o.byID[id]
		if !exists {
			return fmt.Errorf("linking the rule of %s: there is no segment %s", u.id, id)
		}
		if err := o.link(needed, append(path, u.id)); err != nil {
			return err
		}
		u.inherit(needed)
	}
	for _, h := range own {
		if err := o.link(h.condition, append(path, u.id)); err != nil {
			return err
		}
		u.inherit(h.condition)
	}
	for _, list := range []*[]int64{&u.windows, &u.moves, &u.times} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	for _, h := range own {
		if !slices.Contains(o.conditions, h.condition) {
			h.condition.number = len(o.conditions)
			o.conditions = append(o.conditions, h.condition)
		}
	}
	u.linked = true
	return nil
}

// inherit takes over what makes the answer of another rule change.
func (u *rule) inherit(of *rule) {
	u.windows = append(u.windows, of.windows...)
	u.moves = append(u.moves, of.moves...)
	u.times = append(u.times, of.times...)
	u.holds = append(u.holds, of.holds...)
}
