package e2e

import (
	"fmt"
	"strings"
	"testing"

	"muster/test/e2e/stack"
)

// When retention has passed what a shard was to read next, the shard stops
// and says so, the others go on, and an operator may accept the loss: then
// it goes on behind it and the loss is on record.
func TestLostRecordsAreAcceptedByHand(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 2, Cluster: cluster, Segments: "segments:\n" +
			"  - {id: early, rule: 'count(events(\"Early\")) > 0'}\n  - {id: lost, rule: 'count(events(\"Lost\")) > 0'}\n  - {id: late, rule: 'count(events(\"Late\")) > 0'}\n"})
		s.Init()
		users := oneOfEach(s)
		visit(s, "Early", users)
		e := s.Run()
		s.AwaitSettled(stack.Patience)
		e.Kill()
		visit(s, "Lost", users)
		visit(s, "Late", users)
		s.DeleteBefore(s.Keyed, 0, 2)

		e = s.Run()
		s.Await("shard 0 to stop and shard 1 to go on", stack.Patience, func() error {
			stopped, err := e.Metric("muster_poisoned_partitions")
			if members := s.Stored(1, []string{"late"}).Members["late"]; err == nil && (stopped != 1 || len(members) != 1) {
				err = fmt.Errorf("%v stopped, %v in segment late of shard 1", stopped, members)
			}
			return err
		})
		e.Terminate()
		e = s.Run("--accept-gaps")
		s.AwaitSettled(stack.Patience)
		lost, err := e.Metric(`muster_lost_records_total{shard="0"}`)
		if err != nil || lost != 1 {
			t.Errorf("%v lost records counted, %v; want 1", lost, err)
		}
		for shard, want := range []string{"early late", "early late lost"} {
			var in []string
			for _, id := range []string{"early", "late", "lost"} {
				if len(s.Stored(shard, []string{id}).Members[id]) > 0 {
					in = append(in, id)
				}
			}
			if got := strings.Join(in, " "); got != want {
				t.Errorf("shard %d: %s, want %s", shard, got, want)
			}
		}
		if gaps := s.Redis.LRange(t.Context(), "m:{s0}:gaps", 0, -1).Val(); len(gaps) != 1 || gaps[0] != "1 2" {
			t.Errorf("gaps on record: %q", gaps)
		}
	})
}
