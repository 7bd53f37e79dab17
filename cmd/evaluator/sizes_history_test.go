package main

import (
	"testing"

	"muster/history/queue"
)

// A segment is told with the newest of its requests for the service, unless that is
// done; dry runs are passed over.
func TestHistoryOfSegments(t *testing.T) {
	of := func(id string, phase queue.Phase, asOf string, segments ...string) *queue.Entry {
		e := &queue.Entry{Asked: queue.Asked{ID: id, AsOf: asOf, Segments: segments}}
		e.State.Phase = phase
		return e
	}
	running := of("r", queue.Running, ofSeams, "a", "b")
	running.State.Stages, running.State.Left = []queue.Stage{{Name: "plan"}, {Name: "index", Done: 41, All: 100}}, 200.4
	waiting := of("w", queue.Waiting, ofSeams, "c")
	waiting.State.Why = "1 running"
	ordered := of("order-1", queue.Ordered, "", "d", "a")
	ordered.State.Why = "keep takes it"
	got := historyOf([]*queue.Entry{
		running, of("dry", queue.Running, "2026-11-21T00:00:00.000Z", "z"), waiting, ordered,
		of("x", queue.Interrupted, ofSeams, "e", "c"), of("y", queue.Done, ofSeams, "f"), of("f", queue.Failed, ofSeams, "f", "g"),
	})
	for id, want := range map[string]string{
		"a": "on its way: index 41%, about 3m20s left", "b": "on its way: index 41%, about 3m20s left", "c": "waiting: 1 running",
		"d": "asked: keep takes it", "e": "interrupted: see evaluator backfill status x", "g": "failed: see evaluator backfill status f",
	} {
		if one := got[id]; one == nil || one.String() != want {
			t.Errorf("%s: %+v, want %q", id, one, want)
		}
	}
	if got["f"] != nil || got["z"] != nil {
		t.Errorf("of what is done and of a dry run is told %+v, %+v", got["f"], got["z"])
	}
}
