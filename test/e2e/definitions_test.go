package e2e

import (
	"fmt"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// Two evaluators go by definitions in Redis. The first definitions come when
// they run already; then some are added, changed and removed while events flow,
// and one evaluator is killed in the middle of the sweep. Every profile must be
// where the oracle says under the definitions at the end, and of the segment
// that was removed nothing may stay. The rules of the start ask for all that is
// kept of events.
func TestDefinitionsWhileEventsFlow(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(17, 80, 12)
		tr.Rules["plan"] = `traits.plan == "pro"`
		tr.Rules["gone"] = `traits.age != nil`
		tr.Rules["seen"] = `count(events("*")) > 3`
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Definitions: true, Cluster: cluster})
		s.Init()
		evaluators := []*stack.Evaluator{s.Run(), s.Run()}
		for _, e := range evaluators {
			awaitLog(s, e, "there are no definitions")
		}
		s.ApplySegments(tr.Segments())
		expectEditions(s, tr, evaluators, 2, false)
		s.Produce(tr.Records(s, 1000)...)
		s.AwaitSettled(stack.Patience)

		tr.Rules["plan"] = `traits.plan != "pro" and segment("new")`
		tr.Rules["new"] = `count(events("*")) >= 2 or bucket("x") < 50`
		delete(tr.Rules, "gone")
		s.ApplySegments(tr.Segments())
		expectEditions(s, tr, evaluators, 3, true)

		// Refused at the write: nobody sees it.
		if out, err := s.TryApply(tr.Segments() + "  - {id: wrong, rule: traits.plan === 1}\n"); err == nil {
			t.Errorf("a mistake was applied: %s", out)
		}

		// Killed in the middle of the sweep: with writes held, it can't come to
		// its end before.
		tr.Rules["seen"] = `count(events("*")) > 5`
		s.ApplySegments(tr.Segments())
		release := s.HoldWrites()
		s.Await("an evaluator to have the edition", stack.Patience, func() error {
			got, err := evaluators[0].Metric("muster_segments_edition")
			if err == nil && got != 4 {
				err = fmt.Errorf("it is of edition %v", got)
			}
			return err
		})
		evaluators[0].Kill()
		release()
		s.Produce(tr.Records(s, 500)...)
		s.AwaitSettled(stack.Patience)
		s.AwaitSwept(stack.Patience, tr.Rules)
		report(t, s.VerifyMembers(tr.Rules))
		if keys := s.Keys("*:seg:gone"); len(keys) > 0 {
			t.Errorf("of the removed segment these are left: %q", keys)
		}
	})
}

// expectEditions waits until all evaluators have an edition, while events flow
// if that is asked for.
func expectEditions(s *stack.System, tr *traffic.Traffic, evaluators []*stack.Evaluator, want float64, flow bool) {
	for _, e := range evaluators {
		s.Await(fmt.Sprintf("edition %v", want), stack.Patience, func() error {
			if flow {
				s.Produce(tr.Records(s, 20)...)
			}
			got, err := e.Metric("muster_segments_edition")
			if err == nil && got != want {
				err = fmt.Errorf("it is of edition %v", got)
			}
			return err
		})
	}
}
