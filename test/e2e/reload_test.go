package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/test/e2e/stack"
)

// awaitMetric waits for a value of a metric, and has events flow meanwhile.
func awaitMetric(s *stack.System, tr *traffic, e *stack.Evaluator, name string, want float64) {
	s.Await(fmt.Sprintf("%s to be %v", name, want), time.Minute, func() error {
		s.Produce(tr.records(s, 20)...)
		got, err := e.Metric(name)
		if err == nil && got != want {
			err = fmt.Errorf("it is %v", got)
		}
		return err
	})
}

// Segments are added, changed and removed, and once made unusable, while
// events flow and the evaluator goes on. Every profile that is touched
// afterwards must be where the oracle says under the rules at the end. These
// read nothing of events that the rules of the start did not: what is kept
// of a profile begins with the rule that asks for it.
func TestReload(t *testing.T) {
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := newTraffic(5, 60, 12)
		tr.rules["plan"] = `traits.plan == "pro"`
		tr.rules["gone"] = `traits.age != nil`
		tr.rules["seen"] = `count(events("*")) > 3`
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.segments(), Cluster: cluster})
		s.Init()
		e := s.Run()
		s.Produce(tr.records(s, 1000)...)
		s.AwaitSettled(time.Minute)
		report(t, s.Verify(tr.rules))

		tr.rules["plan"] = `traits.plan != "pro" and segment("new")`
		tr.rules["new"] = `count(events("*")) >= 2 or bucket("x") < 50`
		delete(tr.rules, "gone")
		s.WriteSegments(tr.segments())
		awaitMetric(s, tr, e, "muster_segments_edition", 2)

		s.WriteSegments(tr.segments() + "  - {id: wrong, rule: traits.plan === 1}\n")
		awaitMetric(s, tr, e, "muster_segments_refused", 1)
		status, text, err := e.Ready()
		if err != nil || status != 200 || !strings.Contains(text, "segments.yaml:") {
			t.Errorf("with refused segments it is ready with %d %q, %v", status, text, err)
		}

		tr.rules["wrong"] = `traits.age < 40`
		tr.rules["seen"] = `count(events("*")) > 5`
		s.WriteSegments(tr.segments())
		awaitMetric(s, tr, e, "muster_segments_edition", 3)
		s.Produce(tr.touch(s)...)
		s.AwaitSettled(time.Minute)
		tr.expectAll(t, s)
		report(t, s.VerifyMembers(tr.rules))
	})
}
