package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// A keyed topic that was made anew and has grown past the stored offsets stops
// all shards, and says so. An operator may accept that: then all that it holds
// is applied, the gap is on record, and a further start needs no flag.
func TestATopicMadeAnewIsAcceptedByHand(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 2, Cluster: cluster, Segments: earlyAndLate})
		s.Init()
		users := oneOfEach(s)
		visit(s, "Early", users)
		e := s.Run()
		s.AwaitSettled(stack.Patience)
		e.Terminate()
		s.RemakeTopic(s.Keyed, 2)
		visit(s, "Late", users)
		visit(s, "Else", users)
		visit(s, "Else", users)

		e = s.Run()
		awaitStopped(s, e, 2, s.Keyed+" partition 0: offset 1 was asked for but the log holds 0 up to 3 of a topic that was made anew")
		e.Terminate()
		checkLate(t, s, 0)
		e = s.Run("--accept-gaps")
		s.AwaitSettled(stack.Patience)
		checkLate(t, s, 1)
		for shard := range 2 {
			if gaps := s.Redis.LRange(t.Context(), fmt.Sprintf("m:{s%d}:gaps", shard), 0, -1).Val(); !slices.Equal(gaps, []string{"1 0"}) {
				t.Errorf("gaps on record of shard %d: %q", shard, gaps)
			}
		}
		e.Terminate()
		visit(s, "Else", users)
		s.Run()
		s.AwaitSettled(stack.Patience)
	})
}

// So it is with a source topic, whose offsets Kafka forgets with it.
func TestASourceMadeAnewIsAcceptedByHand(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 2, Sources: 1, Cluster: cluster, Segments: earlyAndLate})
		s.Init()
		users := oneOfEach(s)
		send := func(names ...string) {
			for _, name := range names {
				for _, id := range users {
					s.Produce(&kgo.Record{Topic: s.Source, Value: fmt.Appendf(nil, `{"type":"track","event":%q,"userId":%q}`, name, id)})
				}
			}
		}
		send("Early")
		e := s.Run()
		s.Await("all to be routed", stack.Patience, s.Routed)
		s.AwaitSettled(stack.Patience)
		e.Terminate()
		s.RemakeTopic(s.Source, 1)
		send("Late", "Else")

		e = s.Run()
		awaitStopped(s, e, 1, s.Source+" partition 0: offset 2 was asked for but the log holds 0 up to 4 of a topic that was made anew")
		e.Terminate()
		checkLate(t, s, 0)
		e = s.Run("--accept-gaps")
		awaitLate(s)
		if gaps := s.Redis.LRange(t.Context(), "m:{sources}:gaps", 0, -1).Val(); !slices.Equal(gaps, []string{s.Source + "/0 2 0"}) {
			t.Errorf("gaps on record: %q", gaps)
		}
		s.Await("all to be routed", stack.Patience, s.Routed)
		e.Terminate()
		send("Else")
		s.Run()
		s.Await("what came since to be routed", stack.Patience, s.Routed)
	})
}

// awaitStopped waits until so many partitions have stopped for a reason that
// readiness tells.
func awaitStopped(s *stack.System, e *stack.Evaluator, partitions int, reason string) {
	s.Await(fmt.Sprintf("%d partitions to stop", partitions), stack.Patience, func() error {
		stopped, err := e.Metric("muster_poisoned_partitions")
		if err == nil && stopped != float64(partitions) {
			err = fmt.Errorf("%v have stopped", stopped)
		}
		if err != nil {
			return err
		}
		_, text, err := e.Ready()
		if err == nil && !strings.Contains(text, reason) {
			err = fmt.Errorf("readiness does not say %q: %s", reason, text)
		}
		return err
	})
}

// awaitLate waits until each shard has a profile in segment late.
func awaitLate(s *stack.System) {
	s.Await("the events of the new topic", stack.Patience, func() error {
		for shard := range s.Shards {
			if len(s.Stored(shard, []string{"late"}).Members["late"]) != 1 {
				return fmt.Errorf("nobody is in segment late of shard %d", shard)
			}
		}
		return nil
	})
}

// checkLate checks how many profiles of each shard are in segment late.
func checkLate(t *testing.T, s *stack.System, want int) {
	t.Helper()
	for shard := range s.Shards {
		if members := s.Stored(shard, []string{"late"}).Members["late"]; len(members) != want {
			t.Errorf("%v in segment late of shard %d, want %d", members, shard, want)
		}
	}
}
