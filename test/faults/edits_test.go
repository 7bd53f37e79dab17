package faults

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync/atomic"

	"muster/test/kit/generate"
)

// edits is how the rules of a run change. What they count is kept from the
// start, so that the oracle of the last rules decides.
type edits struct {
	rand *rand.Rand
	pool *generate.Pool
	past []map[string]string // rules that were in force
}

// edit is the fault of editing the segment file.
var edit = &kind{name: "rules edited", begin: editRules}

// startEdits puts rules to be edited in the place of the traffic's own.
func (r *run) startEdits() {
	random := rand.New(rand.NewPCG(r.plan.seed, 9))
	r.edits = &edits{rand: random, pool: generate.NewPool(random, r.plan.seed%4 < 2)}
	r.traffic.Rules = r.edits.pool.First(random)
}

// editRules writes the segment file anew, and every second time has it read
// at once.
func editRules(r *run, f *fault) bool {
	e := r.edits
	e.past = append(e.past, r.traffic.Rules)
	r.traffic.Rules = e.pool.Edit(e.rand, r.traffic.Rules, pick(e.rand, e.past))
	r.system.WriteSegments(r.segments())
	if f.pick%2 == 0 {
		for _, one := range r.working {
			one.Reload()
		}
	}
	return true
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// fewer is how many shards there are after a reshard.
const fewer = 5

// How many commands evaluators send to Redis under new rules before they are
// killed: they have taken over some shards, and are hardly done with all.
const (
	leastCommands = 60
	mostCommands  = 200
)

// reshardInASweep edits the rules, lets new evaluators begin to sweep, kills
// them and makes fewer shards of those there are. All that was produced must
// be committed.
func (r *run) reshardInASweep() {
	r.t.Helper()
	for e := r.take(0); e != nil; e = r.take(0) {
		r.leave(e)
	}
	r.awaitLeft()
	for before := r.traffic.Rules; maps.Equal(before, r.traffic.Rules); {
		editRules(r, &fault{})
	}
	r.sweepUntilKilled()
	unswept, err := r.system.Unswept(r.traffic.Rules)
	r.must(err)
	if len(unswept) > 0 {
		r.hits["resharded in a sweep"]++
	}
	r.system.Await("a reshard", settling, func() error { // which the killed are in the way of, until they are missed
		out, err := r.system.Reshard("--shards", fmt.Sprint(fewer))
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	})
	r.system.Resharded(fmt.Sprint(r.system.Keyed, "-", fewer), fewer)
	for range r.plan.evaluators {
		r.join()
	}
	r.system.AwaitSwept(settling, r.traffic.Rules)
}

// sweepUntilKilled runs two evaluators until they have sent so many commands
// to Redis.
func (r *run) sweepUntilKilled() {
	r.t.Helper()
	var sent atomic.Int64
	at, reached, killed := leastCommands+r.edits.rand.Int64N(mostCommands-leastCommands), make(chan struct{}), make(chan struct{})
	r.system.OnCommand(func(string) {
		if n := sent.Add(1); n >= at {
			if n == at {
				close(reached)
			}
			<-killed
		}
	})
	defer r.system.OnCommand(nil)
	r.join()
	r.join()
	r.system.Await("a sweep to begin", settling, func() error {
		select {
		case <-reached:
			return nil
		default:
			return errors.New("too few commands were sent")
		}
	})
	for e := r.take(0); e != nil; e = r.take(0) {
		e.Kill()
	}
	close(killed)
}
