package main

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"muster/event"
	"muster/profile"
	"muster/test/kit/workload"
)

// population is the profiles of the match benchmark.
type population struct {
	attributes []*workload.Attribute
	paths      []profile.Path // of each attribute
	schema     *profile.Schema
	profiles   []*profile.Profile
	now        int64 // stream time, moves on by a millisecond an event
	limits     profile.Config
}

// newPopulation makes profiles that have all attributes and no memberships.
func newPopulation(attributes []*workload.Attribute, seed uint64, size int) *population {
	p := &population{attributes: attributes, now: start0, limits: profile.Default()}
	for _, a := range attributes {
		p.paths = append(p.paths, profile.PathOf(a.Name))
	}
	p.schema = profile.NewSchema(slices.Sorted(slices.Values(p.paths)), nil)
	r := rand.New(rand.NewPCG(seed, 3))
	changes := make([]workload.Change, len(attributes))
	for i := range size {
		for k, v := range workload.Values(attributes, r) {
			changes[k] = workload.Change{Attribute: attributes[k], Value: v}
		}
		one := profile.New(fmt.Sprintf("customer-%07d", i))
		var changed profile.Changed
		one.Apply(p.schema, &p.limits, identify(one.ID, p.now, changes), p.now, &changed)
		p.profiles = append(p.profiles, one)
	}
	return p
}

// forget takes away what a set has left on the profiles.
func (p *population) forget() {
	for _, one := range p.profiles {
		one.Members, one.Derived = nil, nil
	}
}

// current is the value that a profile has now.
func (p *population) current(one *profile.Profile, a *workload.Attribute) event.Value {
	return one.Traits.Get(p.paths[a.Index])
}

// values are all values that a profile has now.
func (p *population) values(one *profile.Profile) []event.Value {
	values := make([]event.Value, len(p.attributes))
	for i, a := range p.attributes {
		values[i] = p.current(one, a)
	}
	return values
}
