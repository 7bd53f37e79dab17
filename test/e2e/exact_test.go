package e2e

import (
	"fmt"
	"testing"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
)

const (
	shards  = 8
	sources = 3 // partitions of the source topic
)

// One evaluator, random traffic under random keys: what Redis holds must be
// the oracle's to the last version.
func TestExact(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(1, 80, 24)
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster})
		s.Init()
		s.Run()
		s.Produce(tr.Records(s, 3000)...)
		s.AwaitSettled(stack.Patience)
		tr.ExpectAll(t, s)
		report(t, s.Verify(tr.Rules))
	})
}

// One evaluator, then three, then five times one of them is killed and
// started again, all the while with events coming in.
func TestExactThroughKills(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(2, 80, 24)
		s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster})
		s.Init()
		running := []*stack.Evaluator{s.Run()}
		produceAndAwaitSome(s, tr)
		running = append(running, s.Run(), s.Run())
		produceAndAwaitSome(s, tr)
		for range 5 {
			victim := tr.Rand.IntN(len(running))
			running[victim].Kill()
			running[victim] = s.Run()
			produceAndAwaitSome(s, tr)
		}
		s.AwaitSettled(stack.Patience)
		tr.ExpectAll(t, s)
		report(t, s.Verify(tr.Rules))
	})
}

// produceAndAwaitSome returns as soon as some of what it produced is
// committed, so that what follows hits the evaluators at work.
func produceAndAwaitSome(s *stack.System, tr *traffic.Traffic) {
	var before int64
	s.Await("the shards' offsets", stack.Patience, func() (err error) {
		before, err = s.Applied()
		return err
	})
	s.Produce(tr.Records(s, 500)...)
	s.Await("some records to be committed", stack.Patience, func() error {
		now, err := s.Applied()
		if err == nil && now <= before {
			err = fmt.Errorf("still %d records", now)
		}
		return err
	})
}

// report keeps the comparison from passing on nothing.
func report(t *testing.T, tally stack.Tally) {
	t.Helper()
	t.Logf("compared %d events, %d changes, %d memberships", tally.Events, tally.Changes, tally.Members)
	if tally.Events == 0 || tally.Changes == 0 || tally.Members == 0 {
		t.Errorf("nothing was compared: %+v", tally)
	}
}
