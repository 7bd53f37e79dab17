package main

import (
	"context"
	"runtime/pprof"
	"slices"
	"time"

	"muster/event"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/workload"
)

// batchSize is how many events are applied before they are evaluated: enough
// for reading the clock to cost nothing, few enough for the profiles of a
// batch to be distinct without changing who acts how often.
const batchSize = 64

// engine runs the product's engine over a population.
type engine struct {
	*population
	set     *rules.Set
	matcher *rules.Matcher
	traffic *workload.Traffic

	batch       []step
	touched     []*profile.Profile // in the order of their first event
	flips       int
	events      int
	incremental context.Context
	full        context.Context
}

// step is an event that has been applied and not yet evaluated.
type step struct {
	profile *profile.Profile
	changed profile.Changed
	now     int64
}

// newEngine takes a population over. Every number of segments has traffic of
// its own: the same traffic once more would set traits to what they are.
func newEngine(p *population, set *rules.Set) *engine {
	p.forget()
	return &engine{
		population: p, set: set, matcher: rules.NewMatcher(set),
		traffic: workload.NewTraffic(p.attributes, uint64(set.Len()), len(p.profiles)), batch: make([]step, batchSize),
		incremental: label("incremental"), full: label("full"),
	}
}

// ready evaluates a profile whole when it is met for the first time.
func (e *engine) ready(one *profile.Profile) {
	if one.Derived == nil {
		e.matcher.Full(one, e.now)
	}
}

// apply changes distinct profiles by one event each.
func (e *engine) apply() {
	for i := range e.batch {
		one := e.profiles[e.traffic.Profile()]
		for slices.ContainsFunc(e.batch[:i], func(s step) bool { return s.profile == one }) {
			one = e.profiles[e.traffic.Profile()]
		}
		if one.Derived == nil {
			e.ready(one)
			e.touched = append(e.touched, one)
		}
		e.now++
		e.matcher.Prepare(one, e.now)
		changes := e.traffic.Changes(func(a *workload.Attribute) event.Value { return e.current(one, a) })
		s := &e.batch[i]
		s.profile, s.now = one, e.now
		s.changed.Reset()
		one.Apply(e.set.Schema(), &e.limits, identify(one.ID, e.now, changes), e.now, &s.changed)
	}
}

// update evaluates the applied events.
func (e *engine) update() {
	for i := range e.batch {
		s := &e.batch[i]
		e.flips += len(e.matcher.Update(s.profile, &s.changed, s.now))
	}
	e.events += len(e.batch)
}

// chunkBatches is how many batches make one measurement.
const chunkBatches = 32

// measureIncremental times Update over a number of events.
func (e *engine) measureIncremental(events int, into *series) {
	for range max(1, events/(batchSize*chunkBatches)) {
		var total time.Duration
		for range chunkBatches {
			e.apply()
			pprof.SetGoroutineLabels(e.incremental)
			start := threadTime()
			e.update()
			total += threadTime() - start
			pprof.SetGoroutineLabels(unlabelled)
		}
		into.add(total, batchSize*chunkBatches)
	}
}

// allocationsPerEvent counts the allocations of Update.
func (e *engine) allocationsPerEvent() float64 {
	var total uint64
	for range chunkBatches {
		e.apply()
		before := allocations()
		e.update()
		total += allocations() - before
	}
	return float64(total-chunkBatches*idleAllocations()) / (chunkBatches * batchSize)
}

// idleAllocations is what counting allocations itself allocates.
func idleAllocations() uint64 {
	before := allocations()
	return allocations() - before
}

// fullChunk is how many whole evaluations make one measurement.
const fullChunk = 50

// measureFull times Full over profiles that hold their memberships already,
// as when a new rule set changes little.
func (e *engine) measureFull(chosen []*profile.Profile, into *series) {
	pprof.SetGoroutineLabels(e.full)
	start := threadTime()
	for _, one := range chosen {
		e.matcher.Full(one, e.now)
	}
	into.add(threadTime()-start, len(chosen))
	pprof.SetGoroutineLabels(unlabelled)
}
