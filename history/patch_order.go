package history

import (
	"fmt"
	"reflect"

	"muster/rules"
)

// PatchOrder is a Patching as it is told to other machines.
type PatchOrder struct {
	Rules    []Rule   `json:"rules"`    // all in force
	Segments []string `json:"segments"` // whose series are given
	Seams    []int64  `json:"seams"`    // by shard
	Sharding string   `json:"sharding"`
}

// Sharding returns how the shard of a profile is chosen, by its name and of so
// many shards.
type Sharding func(name string, shards int) (func(profile string) int, error)

// order writes a patching down; nil of nil.
func (p *Patching) order() *PatchOrder {
	if p == nil {
		return nil
	}
	return &PatchOrder{Rules: rulesOf(p.Rules), Segments: p.Segments, Seams: p.Seams, Sharding: p.Sharding}
}

// same reports whether a plan is for the same patches.
func (p *Patching) same(o *PatchOrder) bool { return reflect.DeepEqual(p.order(), o) }

// patching makes an order a patching again; nil of nil.
func (o *PatchOrder) patching(sharding Sharding) (*Patching, error) {
	if o == nil {
		return nil, nil
	}
	if sharding == nil {
		return nil, fmt.Errorf("%w: it is of history for a running service", ErrOther)
	}
	set, err := compile(o.Rules)
	if err != nil {
		return nil, err
	}
	shard, err := sharding(o.Sharding, len(o.Seams))
	if err != nil {
		return nil, fmt.Errorf("choosing shards of profiles: %w", err)
	}
	return &Patching{Rules: set, Segments: o.Segments, Seams: o.Seams, Shard: shard, Sharding: o.Sharding}, nil
}

// rulesOf writes a rule set down.
func rulesOf(set *rules.Set) []Rule {
	list := make([]Rule, set.Len())
	for i := range list {
		one := set.Segment(i)
		list[i] = Rule{one.ID, one.Rule}
	}
	return list
}

// compile makes rules a rule set again.
func compile(list []Rule) (*rules.Set, error) {
	segments := make([]rules.Segment, len(list))
	for i, one := range list {
		segments[i] = rules.NewSegment(one.ID, one.Rule)
	}
	return rules.Compile(segments)
}
