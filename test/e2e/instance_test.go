package e2e

import (
	"errors"
	"strings"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// An evaluator that is killed and started again takes its own place in the
// group. The group would miss the dead one only after longer than the test
// waits for anything, so who has its shards has them for that reason.
func TestKilledEvaluatorComesBackAtOnce(t *testing.T) {
	const session = 4 * stack.Patience
	for name, evaluators := range map[string]int{"alone": 1, "beside another": 2} {
		t.Run(name, func(t *testing.T) {
			stack.Beside(t)
			eachRedis(t, func(t *testing.T, cluster bool) {
				tr := traffic.New(21, 80, 8)
				s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster, Session: session})
				s.Init()
				first := s.Run()
				for range evaluators - 1 {
					s.Run()
				}
				s.Produce(tr.Records(s, 2000)...)
				s.AwaitSettled(stack.Patience)
				for range 3 {
					awaitShards(s, first)             // else a killed one would leave nothing in the group
					s.Produce(tr.Records(s, 1000)...) // which it is killed among
					first.Kill()
					first.Again()
					s.Produce(tr.Touch(s)...)
					s.AwaitSettled(stack.Patience)
				}
				awaitShards(s, first)
				if !strings.Contains(first.Log(), "took what a killed process of this instance has left") {
					t.Error("the log does not say that the dead one was taken out of the group")
				}
				tr.ExpectAll(t, s)
				report(t, s.Verify(tr.Rules))
			})
		})
	}
}

// Two evaluators that run at once under one instance name share the shards
// like any others, say what is to be changed, and lose and double nothing.
func TestTwinsAreSafe(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(22, 80, 8)
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster, Instance: "twin"})
		s.Init()
		twins := []*stack.Evaluator{s.Run()}
		s.Produce(tr.Records(s, 2000)...)
		s.AwaitSettled(stack.Patience)
		s.Produce(tr.Records(s, 2000)...)
		twins = append(twins, s.Run())
		s.Await("both to say that they have one name", stack.Patience, func() error {
			s.Produce(tr.Records(s, 20)...)
			for _, e := range twins {
				if !strings.Contains(e.Log(), "set kafka.instance of each to a name of its own") {
					return errors.New("one does not")
				}
			}
			return nil
		})
		s.Produce(tr.Touch(s)...)
		s.AwaitSettled(stack.Patience)
		for _, e := range twins {
			awaitShards(s, e)
		}
		tr.ExpectAll(t, s)
		report(t, s.Verify(tr.Rules))
	})
}

// awaitShards waits until an evaluator has shards.
func awaitShards(s *stack.System, e *stack.Evaluator) {
	s.Await("an evaluator to have shards", stack.Patience, func() error {
		n, err := e.Metric(`muster_assigned_partitions{group="` + s.Source + `-group"}`)
		if err == nil && n == 0 {
			err = errors.New("it has none")
		}
		return err
	})
}
