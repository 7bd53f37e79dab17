package e2e

import (
	"fmt"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// An evaluator asked to leave in the middle of its work finishes the batch
// at hand and leaves; the next one goes on where it stopped.
func TestLeavesOnSIGTERM(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(3, 200, 6)
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster})
		s.Init()
		first := s.Run()
		s.Produce(tr.Records(s, 6000)...)
		s.Await("some records to be committed", stack.Patience, func() error {
			applied, err := s.Applied()
			if err == nil && applied == 0 {
				err = fmt.Errorf("none is")
			}
			return err
		})
		if code := first.Terminate(); code != 0 {
			t.Errorf("it left with exit code %d, want 0", code)
		}
		s.Run()
		s.AwaitSettled(stack.Patience)
		report(t, s.Verify(tr.Rules))
	})
}

// With nothing to do it also leaves at once.
func TestIdleLeavesOnSIGTERM(t *testing.T) {
	stack.Beside(t)
	tr := traffic.New(4, 10, 4)
	s := stack.Start(t, stack.Options{Shards: 2, Sources: 1, Segments: tr.Segments()})
	s.Init()
	e := s.Run()
	s.Produce(tr.Records(s, 20)...)
	s.AwaitSettled(stack.Patience)
	if code := e.Terminate(); code != 0 {
		t.Errorf("it left with exit code %d, want 0", code)
	}
}
