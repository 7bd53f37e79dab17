package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"muster/test/e2e/stack"
)

// oneOfEach returns a profile of every shard.
func oneOfEach(s *stack.System) []string {
	users := make([]string, s.Shards)
	for i := 0; slices.Contains(users, ""); i++ {
		id := fmt.Sprintf("u%d", i)
		users[s.Owner(id)] = id
	}
	return users
}

// visit produces an event of each profile on the keyed topic.
func visit(s *stack.System, name string, users []string) {
	for shard, id := range users {
		s.Produce(&kgo.Record{Topic: s.Keyed, Partition: int32(shard), Key: []byte(id), Value: fmt.Appendf(nil,
			`{"type":"track","event":%q,"userId":%q,"timestamp":"2026-11-01T10:00:00Z"}`, name, id)})
	}
}

const earlyAndLate = "segments:\n  - {id: early, rule: 'count(events(\"Early\")) > 0'}\n  - {id: late, rule: 'count(events(\"Late\")) > 0'}\n"

// A shard whose profiles somebody else has written over tries again, loudly,
// and goes on when they are restored; the other never stops.
func TestAShardThatCannotReadGoesOnWhenMended(t *testing.T) {
	stack.Beside(t)
	const profiles = "m:{s0}:p:*"
	harm := map[string]func(t *testing.T, s *stack.System, bucket, id string) (mend func() error, words string){
		"garbage": func(t *testing.T, s *stack.System, bucket, id string) (func() error, string) {
			good := s.Redis.HGet(t.Context(), bucket, id).Val()
			if err := s.Redis.HSet(t.Context(), bucket, id, "garbage").Err(); err != nil {
				t.Fatal(err)
			}
			return func() error { return s.Redis.HSet(t.Context(), bucket, id, good).Err() }, fmt.Sprintf("profile %q", id)
		},
		"another type": func(t *testing.T, s *stack.System, bucket, _ string) (func() error, string) {
			aside := bucket + ":aside" // in the same slot
			if err := s.Redis.Rename(t.Context(), bucket, aside).Err(); err != nil {
				t.Fatal(err)
			}
			if err := s.Redis.Set(t.Context(), bucket, "foreign", 0).Err(); err != nil {
				t.Fatal(err)
			}
			return func() error { return s.Redis.Rename(t.Context(), aside, bucket).Err() }, bucket
		},
	}
	for name, harm := range harm {
		t.Run(name, func(t *testing.T) {
			stack.Beside(t)
			eachRedis(t, func(t *testing.T, cluster bool) {
				s := stack.Start(t, stack.Options{Shards: 2, Cluster: cluster, Segments: earlyAndLate})
				s.Init()
				users := oneOfEach(s)
				e := s.Run()
				visit(s, "Early", users)
				s.AwaitSettled(stack.Patience)
				e.Terminate()
				mend, words := harm(t, s, s.Keys(profiles)[0], users[0])

				e = s.Run()
				visit(s, "Late", users)
				awaitMember(s, 1, "late", users[1])
				awaitReady(t, s, e, http.StatusServiceUnavailable, "partition 0 of "+s.Keyed, words, "another program")
				expectMetric(t, e, "muster_failing_partitions", 1)
				expectLine(t, e, `"level":"error"`, `"shard":0`, strings.ReplaceAll(words, `"`, `\"`))
				visit(s, "Early", users)
				if err := mend(); err != nil {
					t.Fatal(err)
				}
				s.AwaitSettled(stack.Patience)
				awaitMember(s, 0, "late", users[0])
				awaitReady(t, s, e, http.StatusOK)
			})
		})
	}
}

// A shard of which Redis has applied a transaction in part stops until
// somebody has looked; the other goes on.
func TestAShardAppliedInPartStops(t *testing.T) {
	stack.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		s := stack.Start(t, stack.Options{Shards: 2, Cluster: cluster, Segments: earlyAndLate})
		s.Init()
		users := oneOfEach(s)
		e := s.Run()
		visit(s, "Early", users)
		s.AwaitSettled(stack.Patience)
		if err := s.Redis.Set(t.Context(), "m:{s0}:out", "foreign", 0).Err(); err != nil {
			t.Fatal(err)
		}
		visit(s, "Late", users)
		awaitMember(s, 1, "late", users[1])
		awaitReady(t, s, e, http.StatusServiceUnavailable, "partition 0 of "+s.Keyed, "m:{s0}:out", "restore the shard from a backup")
		expectMetric(t, e, "muster_poisoned_partitions", 1)
		expectLine(t, e, `"level":"error"`, `"shard":0`, "m:{s0}:out")
	})
}

func awaitMember(s *stack.System, shard int, segment, profile string) {
	s.Await(fmt.Sprintf("%s of shard %d in segment %s", profile, shard, segment), stack.Patience, func() error {
		if members := s.Stored(shard, []string{segment}).Members[segment]; !slices.Contains(members, profile) {
			return fmt.Errorf("its members are %q", members)
		}
		return nil
	})
}

func expectMetric(t *testing.T, e *stack.Evaluator, name string, want float64) {
	t.Helper()
	if got, err := e.Metric(name); err != nil || got != want {
		t.Errorf("%s is %v, %v; want %v", name, got, err, want)
	}
}

// expectLine demands a line of the log with all the words.
func expectLine(t *testing.T, e *stack.Evaluator, words ...string) {
	t.Helper()
	for line := range strings.Lines(e.Log()) {
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
			return
		}
	}
	t.Errorf("no line of the log has %q", words)
}
