package e2e

import (
	"fmt"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

// An evaluator asked to leave in the middle of its work finishes the batch
// at hand and leaves; the next one goes on where it stopped.
func TestLeavesOnSIGTERM(t *testing.T) {
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(3, 200, 6)
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster})
		s.Init()
		first := s.Run()
		s.Produce(tr.Records(s, 6000)...)
		s.Await("some records to be committed", time.Minute, func() error {
			applied, err := s.Applied()
			if err == nil && applied == 0 {
				err = fmt.Errorf("none is")
			}
			return err
		})
		took, code := first.Terminate()
		if took > 10*time.Second || code != 0 {
			t.Errorf("it left after %s with exit code %d, want 0 within 10 s", took, code)
		}
		s.Run()
		s.AwaitSettled(time.Minute)
		report(t, s.Verify(tr.Rules))
	})
}

// With nothing to do it also leaves at once.
func TestIdleLeavesOnSIGTERM(t *testing.T) {
	tr := traffic.New(4, 10, 4)
	s := stack.Start(t, stack.Options{Shards: 2, Sources: 1, Segments: tr.Segments()})
	s.Init()
	e := s.Run()
	s.Produce(tr.Records(s, 20)...)
	s.AwaitSettled(time.Minute)
	if took, code := e.Terminate(); took > 10*time.Second || code != 0 {
		t.Errorf("it left after %s with exit code %d, want 0 within 10 s", took, code)
	}
}
