package faults

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Runs in which the wall clock steps let it move the shards, and so have
// events of the present. When a shard saw which step is up to the machine;
// the rules are such that all is the same in the end.

// presentRules are of long windows, of what needs no time, and of what is
// over soon after the last event.
func presentRules() map[string]string {
	return map[string]string{
		"visitor": `count(events("Visited")) > 0`,
		"keen":    `count(events("Visited", "30d")) >= 20`,
		"half":    `bucket("x") < 50 and segment("visitor")`,
		recent:    `count(events("Visited", "3s")) > 0`,
		silent:    `last(events("Visited")).event_time <= ago("2s")`,
	}
}

const (
	recent = "recent"
	silent = "silent"
	step   = time.Hour
)

// records are the next events.
func (r *run) records(n int) []*kgo.Record {
	switch {
	case r.plan.steps:
		return r.traffic.Present(r.system, n)
	case r.plan.publishes:
		return r.history.records(r.system, n)
	}
	return r.traffic.Records(r.system, n)
}

func stepClock(r *run, f *fault) bool {
	by := step
	if f.pick%2 == 0 {
		by = -step
	}
	r.system.StepClock(by)
	r.later(f.lasts, func() { r.system.StepClock(0) })
	return true
}

func wallClock(*run, int) string { return "clock" }

// fallSilent waits until time has gone on without events.
func (r *run) fallSilent() {
	r.t.Helper()
	r.system.Await("everybody to fall silent", settling, func() error {
		members := map[string]int{}
		for shard := range shards {
			got := r.system.Stored(shard, []string{"visitor", recent, silent})
			for id, list := range got.Members {
				members[id] += len(list)
			}
		}
		if members[recent] > 0 || members[silent] < members["visitor"] {
			return fmt.Errorf("members: %v", members)
		}
		return nil
	})
}
