package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"

	"muster/event"
	"muster/profile"
	"muster/test/kit/workload"
)

const (
	profiles   = 100_000
	sampleSize = 1000 // profiles that a set may learn selectivity from
	rounds     = 5    // in which all measures take turns
	seed       = 42

	// wholeProfiles are evaluated whole, one for every eventsPerWhole events.
	wholeProfiles  = 2000
	eventsPerWhole = 30
	// loopDecisions is how many rules the expr loop runs in a round, on
	// leastLoops profiles or more. The CEL loop runs a quarter.
	loopDecisions = 1_200_000
	leastLoops    = 8
	// mostCEL is how many rules the CEL loop has. Its time for more is
	// scaled up in proportion, which favours CEL: its programs no longer
	// fit the caches long before that.
	mostCEL = 10_000
)

// match measures the standard workload for every number of segments.
func (b *bench) match() error {
	attributes := workload.Attributes()
	sample := newPopulation(attributes, 1234, sampleSize).profiles
	generator := workload.NewRuleGenerator(attributes, seed)
	var list []*workload.Predicate
	sets := make([]compiled, len(b.segments))
	for i, n := range b.segments {
		for len(list) < n {
			list = append(list, generator.Rule())
		}
		var err error
		if sets[i], err = compileSet(segmentsOf(list[:n]), sample); err != nil {
			return err
		}
	}
	all := newPopulation(attributes, 99, profiles)
	for i, n := range b.segments {
		r, err := b.matchOne(all, list[:n], sets[i])
		if err != nil {
			return fmt.Errorf("matching %d segments: %w", n, err)
		}
		if err := r.write(b.out); err != nil {
			return err
		}
		b.missed += r.missed(b.report)
	}
	return nil
}

// contest is everything that is measured against each other.
type contest struct {
	engine *engine
	expr   *exprLoop
	cel    *celLoop
	chosen []*profile.Profile // for whole evaluation and the loops
	values [][]event.Value    // of the first of them

	incremental, full, exprTimes, celTimes series
}

func (b *bench) matchOne(all *population, list []*workload.Predicate, c compiled) (result, error) {
	runtime.GC()
	t := &contest{engine: newEngine(all, c.set)}
	var err error
	if t.expr, err = newExprLoop(all.attributes, list); err != nil {
		return result{}, err
	}
	if t.cel, err = newCELLoop(all.attributes, list[:min(mostCEL, len(list))]); err != nil {
		return result{}, err
	}
	if err := t.engine.verify(t.expr); err != nil {
		return result{}, fmt.Errorf("verifying: %w", err)
	}
	t.choose(len(list))
	t.engine.flips, t.engine.events = 0, 0
	for round := range rounds {
		runtime.GC()
		t.engine.measureIncremental(b.events/rounds, &t.incremental)
		for i := range max(1, b.events/(rounds*eventsPerWhole*fullChunk)) {
			chunk := (round + rounds*i) % (wholeProfiles / fullChunk)
			t.engine.measureFull(t.chosen[chunk*fullChunk:][:fullChunk], &t.full)
		}
		t.loops(round)
	}
	flips := float64(t.engine.flips) / float64(t.engine.events)
	allocated := t.engine.allocationsPerEvent()
	if err := t.engine.verifyWhole(); err != nil {
		return result{}, fmt.Errorf("verifying after measuring: %w", err)
	}
	return t.result(len(list), c, flips, allocated), nil
}

// choose draws profiles for whole evaluation and evaluates them once, so
// that they hold their memberships.
func (t *contest) choose(rules int) {
	r := rand.New(rand.NewPCG(seed, 11))
	for range wholeProfiles {
		one := t.engine.profiles[r.IntN(len(t.engine.profiles))]
		t.engine.matcher.Full(one, t.engine.now)
		t.chosen = append(t.chosen, one)
	}
	for _, one := range t.chosen[:min(rounds*max(leastLoops, loopDecisions/rules), len(t.chosen))] {
		t.values = append(t.values, t.engine.values(one))
	}
}

// loops times the loops over one round's share of the profiles.
func (t *contest) loops(round int) {
	part := len(t.values) / rounds
	mine := t.values[round*part:][:part]
	pprof.SetGoroutineLabels(label("expr"))
	for _, values := range mine {
		t.expr.load(values)
		start := threadTime()
		t.expr.matches()
		t.exprTimes.add(threadTime()-start, 1)
	}
	pprof.SetGoroutineLabels(label("cel"))
	for _, values := range mine[:(part+3)/4] {
		t.cel.load(values)
		start := threadTime()
		t.cel.matches()
		t.celTimes.add(threadTime()-start, 1)
	}
	pprof.SetGoroutineLabels(unlabelled)
}

func (t *contest) result(rules int, c compiled, flips, allocated float64) result {
	r := result{
		Bench: "match", Segments: rules,
		IncrementalUs: t.incremental.median(), FullUs: t.full.median(), ExprUs: t.exprTimes.median(),
		CELUs:               t.celTimes.median() * float64(rules) / float64(len(t.cel.programs)),
		AllocationsPerEvent: allocated, BytesPerRule: c.bytesPerRule, CompileUsPerRule: c.usPerRule, FlipsPerEvent: flips,
	}
	r.IncrementalVersus, r.FullVersusExpr, r.FullVersusCEL = r.ExprUs/r.IncrementalUs, r.ExprUs/r.FullUs, r.CELUs/r.FullUs
	return r
}
