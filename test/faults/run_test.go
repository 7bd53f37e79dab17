package faults

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

const (
	settling  = 10 * time.Minute // most time for everything to be committed after the storm
	stormy    = 10 * time.Minute // most time for a storm
	patience  = 15 * time.Second // most time for a fault to find something to hit
	noteEvery = 100 * time.Millisecond
	atOnce    = 2                    // records at each look during the storm
	farAhead  = 800 * 24 * time.Hour // longer than any window
)

// run is one storm and what comes before and after.
type run struct {
	t        *testing.T
	plan     plan
	system   *stack.System
	traffic  *traffic.Traffic
	producer *stack.Producer

	working []*stack.Evaluator
	leaving []*stack.Evaluator // asked to
	pending []action           // to come
	busy    map[string]bool    // what faults have for themselves
	direct  []*goredis.Client  // to every Redis, around the links
	marks   [][]marked         // of every Redis, in order of time
	noted   time.Time
	hits    map[string]int
	edits   *edits      // nil where rules stay
	history *publishing // nil where no backfill is published
	begun   int         // faults of the plan

	deliveries *deliveries // nil where there are no destinations
}

// action is something to do at a time.
type action struct {
	at time.Time
	do func()
}

// later arranges for something to be done after d.
func (r *run) later(d time.Duration, do func()) {
	r.pending = append(r.pending, action{time.Now().Add(d), do})
}

// start starts servers and evaluators, and has some traffic go through.
func start(t *testing.T, p plan) *run {
	t.Helper()
	r := &run{t: t, plan: p, traffic: traffic.New(p.seed, p.profiles, rulesPerRun), busy: map[string]bool{}, hits: map[string]int{}}
	switch {
	case p.steps:
		r.traffic.Rules = presentRules()
	case p.edits:
		r.startEdits()
	case p.publishes:
		r.startHistory()
	}
	r.system = stack.Start(t, stack.Options{
		Shards: shards, Sources: p.sources, Segments: r.segments(), Cluster: p.cluster, Linked: true, Session: session,
		Pipeline: "  idle_check: 1s", Wall: p.steps, Steppable: p.steps, Destinations: r.startDeliveries(),
		Archive: r.history.section(),
	})
	r.connect()
	r.system.Init()
	r.producer = r.system.Producer()
	for range p.evaluators {
		r.join()
	}
	r.producer.Send(r.records(p.profiles)...)
	r.settle()
	return r
}

// settle waits until everything produced so far is committed.
func (r *run) settle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), settling)
	defer cancel()
	r.must(r.producer.Flush(ctx))
	r.system.AwaitSettled(settling)
}

// storm lets the plan's faults hit, one after the other; those that last
// overlap. It returns when the last one has ended.
func (r *run) storm() {
	due := time.Now()
	r.system.Await("the storm to pass", stormy, func() error {
		r.look()
		r.publish()
		late := time.Since(due)
		if r.begun < len(r.plan.storm) && late >= 0 && !r.history.held(r.begun) && (r.hit(&r.plan.storm[r.begun]) || late > patience) {
			r.history.count()
			if r.begun++; r.begun < len(r.plan.storm) {
				due = time.Now().Add(r.plan.storm[r.begun].after)
			}
		}
		if left := len(r.plan.storm) - r.begun; left > 0 || len(r.pending) > 0 {
			return fmt.Errorf("%d faults are to come, %d ends of others", left, len(r.pending))
		}
		return nil
	})
}

// look produces some records and does what is due.
func (r *run) look() {
	r.producer.Send(r.records(atOnce)...)
	r.act()
}

// act does what is due.
func (r *run) act() {
	if time.Since(r.noted) > noteEvery {
		r.noted = time.Now()
		r.note()
	}
	for {
		i := slices.IndexFunc(r.pending, func(a action) bool { return !time.Now().Before(a.at) })
		if i < 0 {
			return
		}
		do := r.pending[i].do
		r.pending = slices.Delete(r.pending, i, i+1)
		do()
	}
}

// hit begins a fault, unless what it needs is another's.
func (r *run) hit(f *fault) bool {
	target := ""
	if f.kind.target != nil {
		target = f.kind.target(r, f.pick)
	}
	if r.busy[target] {
		return false
	}
	before := len(r.pending)
	if !f.kind.begin(r, f) {
		return false
	}
	if target != "" && len(r.pending) > before {
		r.busy[target] = true
		last := &r.pending[len(r.pending)-1]
		end := last.do
		last.do = func() {
			end()
			r.busy[target] = false
		}
	}
	r.hits[f.kind.name]++
	return true
}

// calm waits for everybody who was asked to leave, and for the last rules to
// have come to every profile, and lets so much time pass that every window has moved on, which
// shows whatever is wrong in a profile's state.
func (r *run) calm() {
	r.t.Helper()
	for len(r.working) == 0 {
		r.join()
	}
	if r.plan.publishes {
		r.finishPublication()
	}
	r.settle()
	r.awaitLeft()
	switch {
	case r.plan.publishes:
		r.producer.Send(r.history.Revisit(r.system, laterVisit)...)
		r.settle()
		return
	case r.plan.steps:
		r.fallSilent()
		return
	case r.plan.edits:
		r.system.AwaitSwept(settling, r.traffic.Rules)
		if r.plan.sources > 0 {
			r.reshardInASweep()
		}
	}
	r.traffic.Skip(farAhead)
	r.producer.Send(r.traffic.Touch(r.system)...)
	r.settle()
}

// awaitLeft waits for those who were asked to leave.
func (r *run) awaitLeft() {
	r.t.Helper()
	for _, e := range r.leaving {
		r.system.Await("an evaluator to leave", settling, e.Left)
	}
	r.leaving = nil
}

// verify compares everything with the oracle.
func (r *run) verify() stack.Tally {
	r.t.Helper()
	var tally stack.Tally
	switch {
	case r.plan.publishes:
		tally = r.verifyHistory()
	case r.plan.edits || r.plan.steps:
		tally = r.system.VerifyMembers(r.traffic.Rules)
	default:
		tally = r.system.Verify(r.traffic.Rules)
		lossy := r.plan.cluster && r.hits["writes lost"]+r.hits["failover"] > 0
		r.system.VerifyReach(r.traffic.Rules, lossy, &tally)
	}
	// Where a backfill is published, a repeat may be one of what only the archive
	// has.
	if !r.plan.publishes {
		r.verifyCubes(&tally)
	}
	if r.plan.sources > 0 {
		tally.Lost += r.traffic.ExpectAll(r.t, r.system)
	}
	r.verifyLetters(&tally)
	if tally.Events == 0 || tally.Changes == 0 || tally.Members == 0 {
		r.t.Errorf("nothing was compared: %+v", tally)
	}
	return tally
}
