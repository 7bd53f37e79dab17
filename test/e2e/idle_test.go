package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
	"muster/test/kit/oracle"
)

// A profile that falls silent leaves, and enters what asks for silence, at
// the very millisecond its window moves, while nothing at all is produced
// and the evaluator is replaced meanwhile.
func TestTimePassesWithoutTraffic(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 2, Cluster: cluster, Wall: true, Segments: "segments:\n" +
			"  - {id: active, rule: 'count(events(\"Visited\", \"4s\")) > 0'}\n" +
			"  - {id: silent, rule: 'last(events(\"Visited\")).event_time <= ago(\"8s\")'}\n"})
		s.Init()
		first := s.Run()
		visited := time.Now().Truncate(time.Millisecond).UTC()
		profiles := []string{"ann", "bob", "cat"}
		for _, id := range profiles {
			// They arrive when they happen, however long producing takes.
			s.Produce(&kgo.Record{Topic: s.Keyed, Partition: int32(s.Owner(id)), Timestamp: visited, Key: []byte(id), Value: fmt.Appendf(nil,
				`{"type":"track","event":"Visited","userId":%q,"timestamp":%q}`, id, visited.Format(time.RFC3339Nano))})
		}
		awaitOutbox(s, len(profiles), 2)
		first.Kill()
		s.Run()
		got := awaitOutbox(s, len(profiles), 3)
		for _, id := range profiles {
			for i, want := range []string{
				fmt.Sprintf("active false %d time 2", visited.Add(4*time.Second).UnixMilli()),
				fmt.Sprintf("silent true %d time 3", visited.Add(8*time.Second).UnixMilli()),
			} {
				c := got[id][1+i]
				if text := fmt.Sprintf("%s %t %d %s %d", c.Segment, c.Entered, c.At, c.Cause, c.Version); text != want {
					t.Errorf("%s: got %s, want %s", id, text, want)
				}
			}
		}
	})
}

// awaitOutbox waits until every profile has some changes, and returns them.
func awaitOutbox(s *stack.System, profiles, changes int) map[string][]oracle.Change {
	var byProfile map[string][]oracle.Change
	s.Await(fmt.Sprintf("%d changes of %d profiles", changes, profiles), stack.Patience, func() error {
		byProfile = map[string][]oracle.Change{}
		for shard := range s.Shards {
			for _, c := range s.Stored(shard, nil).Outbox {
				byProfile[c.Profile] = append(byProfile[c.Profile], c)
			}
		}
		done := 0
		for _, list := range byProfile {
			if len(list) >= changes {
				done++
			}
		}
		if done < profiles {
			return fmt.Errorf("%d have", done)
		}
		return nil
	})
	return byProfile
}
