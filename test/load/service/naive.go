package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"muster/event"
	"muster/pipeline"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/workload"
)

// program is a segment as expr runs it.
type program struct {
	segment string
	code    *vm.Program
}

// naive is a Matcher without an index: whatever happens to a profile, it runs
// every program, one after the other, on a typed map of all attributes under
// bare names with one machine, which is the quickest way found to use expr.
//
// It knows no deadlines and does not prepare anything, which favours it.
type naive struct {
	attributes []*workload.Attribute
	paths      []profile.Path  // of the traits
	queries    []profile.Query // of the aggregates; Series is -1 for one that no rule reads
	schema     *profile.Schema
	programs   []program
	positions  []int // of each program's segment
	machine    vm.VM
	values     map[string]any
	flips      []rules.Flip
}

var _ pipeline.Matcher = (*naive)(nil)

// readNaive reads programs, texts by segment, and returns what makes a naive
// for a shard.
func readNaive(file string) (func(*rules.Set) pipeline.Matcher, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading programs: %w", err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("reading programs: %w", err)
	}
	attributes := workload.Customers()
	env := expr.Env(environment(attributes))
	var programs []program
	for _, segment := range slices.Sorted(maps.Keys(texts)) {
		code, err := expr.Compile(texts[segment], env, expr.AsBool())
		if err != nil {
			return nil, fmt.Errorf("compiling %s with expr: %w", segment, err)
		}
		programs = append(programs, program{segment, code})
	}
	return func(set *rules.Set) pipeline.Matcher { return newNaive(attributes, programs, set) }, nil
}

func environment(attributes []*workload.Attribute) types.Map {
	kinds := map[workload.Kind]types.Type{
		workload.Text: types.String, workload.Integer: types.Int, workload.Float: types.Float64,
		workload.Bool: types.Bool, workload.Open: types.Any,
	}
	known := types.Map{}
	for _, a := range attributes {
		known[a.Name] = kinds[a.Kind]
	}
	return known
}

func newNaive(attributes []*workload.Attribute, programs []program, set *rules.Set) *naive {
	n := &naive{attributes: attributes, schema: set.Schema(), programs: programs, values: map[string]any{}}
	for _, a := range attributes {
		n.paths = append(n.paths, profile.PathOf(a.Name))
		n.queries = append(n.queries, queryOf(n.schema, a.Window))
	}
	for _, p := range programs {
		position, _ := set.Position(p.segment)
		n.positions = append(n.positions, position)
	}
	return n
}

// queryOf finds the series that the product keeps for an aggregate.
func queryOf(schema *profile.Schema, w *workload.Window) profile.Query {
	if w == nil {
		return profile.Query{}
	}
	keep, reduce := profile.KeepSlidingTimes, profile.ReduceCount
	if w.Sum {
		keep, reduce = profile.KeepSlidingNumbers, profile.ReduceSum
	}
	series := slices.IndexFunc(schema.Series, func(s profile.Series) bool { return s.Name == w.Event && s.Keep == keep })
	return profile.Query{Series: series, Reduce: reduce, From: int64(w.Days) * 24 * 60 * 60 * 1000}
}

// Concerns implements pipeline.Matcher. Programs can't be told from what they
// look at.
func (n *naive) Concerns(*event.Event) bool { return true }

// Prepare implements pipeline.Matcher.
func (n *naive) Prepare(*profile.Profile, int64) {}

// Update implements pipeline.Matcher.
func (n *naive) Update(p *profile.Profile, _ *profile.Changed, now int64) []rules.Flip {
	return n.Full(p, now)
}

// Wake implements pipeline.Matcher.
func (n *naive) Wake(p *profile.Profile, now int64) []rules.Flip { return n.Full(p, now) }

// Deadline implements pipeline.Matcher.
func (n *naive) Deadline(*profile.Profile, int64) int64 { return 0 }

// Full runs every program. One that ends in an error, because a value is
// missing, does not hold.
func (n *naive) Full(p *profile.Profile, now int64) []rules.Flip {
	n.load(p, now)
	n.flips = n.flips[:0]
	for i := range n.programs {
		out, err := n.machine.Run(n.programs[i].code, n.values)
		holds, position := err == nil && out == true, n.positions[i]
		if holds != p.Members.Has(position) {
			p.Members.Set(position, holds)
			n.flips = append(n.flips, rules.Flip{Position: position, Entered: holds})
		}
	}
	return n.flips
}

// load reads all attributes of a profile.
func (n *naive) load(p *profile.Profile, now int64) {
	for i, a := range n.attributes {
		switch {
		case a.Window == nil:
			n.values[a.Name] = plain(a, p.Traits.Get(n.paths[i]))
		case n.queries[i].Series < 0:
			n.values[a.Name] = plain(a, event.NumberOf(0))
		default:
			n.values[a.Name] = plain(a, p.Read(n.schema, n.queries[i], now))
		}
	}
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
