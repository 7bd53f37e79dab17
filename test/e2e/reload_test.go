package e2e

import (
	"fmt"
	"strings"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// awaitMetric waits for a value of a metric, and has events flow meanwhile.
func awaitMetric(s *stack.System, tr *traffic.Traffic, e *stack.Evaluator, name string, want float64) {
	s.Await(fmt.Sprintf("%s to be %v", name, want), stack.Patience, func() error {
		s.Produce(tr.Records(s, 20)...)
		got, err := e.Metric(name)
		if err == nil && got != want {
			err = fmt.Errorf("it is %v", got)
		}
		return err
	})
}

// Segments are added, changed and removed, and once made unusable, while
// events flow and the evaluator goes on. Every profile must be where the
// oracle says under the rules at the end, once it was looked at. These read nothing of events that the rules of the start did not: what is kept
// of a profile begins with the rule that asks for it.
func TestReload(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(5, 60, 12)
		tr.Rules["plan"] = `traits.plan == "pro"`
		tr.Rules["gone"] = `traits.age != nil`
		tr.Rules["seen"] = `count(events("*")) > 3`
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster})
		s.Init()
		e := s.Run()
		s.Produce(tr.Records(s, 1000)...)
		s.AwaitSettled(stack.Patience)
		report(t, s.Verify(tr.Rules))

		tr.Rules["plan"] = `traits.plan != "pro" and segment("new")`
		tr.Rules["new"] = `count(events("*")) >= 2 or bucket("x") < 50`
		delete(tr.Rules, "gone")
		s.WriteSegments(tr.Segments())
		awaitMetric(s, tr, e, "muster_segments_edition", 2)

		s.WriteSegments(tr.Segments() + "  - {id: wrong, rule: traits.plan === 1}\n")
		awaitMetric(s, tr, e, "muster_segments_refused", 1)
		status, text, err := e.Ready()
		if err != nil || status != 200 || !strings.Contains(text, "segments.yaml:") {
			t.Errorf("with refused segments it is ready with %d %q, %v", status, text, err)
		}

		tr.Rules["wrong"] = `traits.age < 40`
		tr.Rules["seen"] = `count(events("*")) > 5`
		s.WriteSegments(tr.Segments())
		awaitMetric(s, tr, e, "muster_segments_edition", 3)
		s.AwaitSettled(stack.Patience)
		s.AwaitSwept(stack.Patience, tr.Rules)
		tr.ExpectAll(t, s)
		report(t, s.VerifyMembers(tr.Rules))
	})
}
