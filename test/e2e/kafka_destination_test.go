package e2e

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"muster/test/e2e/stack"
	"muster/test/e2e/traffic"
	"muster/test/kit/delivered"
	"muster/test/kit/kafka"
)

// TestKafkaDestinationTellsEveryChange kills evaluators, and freezes one until
// its successor has sent for its shards. A consumer that drops what it has seen
// has each change once and in order, and the compacted topic is left with the
// members.
func TestKafkaDestinationTellsEveryChange(t *testing.T) {
	kafka.Beside(t)
	eachRedis(t, func(t *testing.T, cluster bool) {
		tr := traffic.New(6, 60, 12)
		name := fmt.Sprintf("audiences-%d", time.Now().UnixNano())
		s := stack.Start(t, stack.Options{
			Shards: shards, Sources: sources, Segments: tr.Segments(), Cluster: cluster, Destinations: inKafka(name),
		})
		s.Init()
		running := []*stack.Evaluator{s.Run(), s.Run()}
		for range 3 {
			produceAndAwaitSome(s, tr)
			victim := tr.Rand.IntN(len(running))
			running[victim].Kill()
			running[victim] = s.Run()
		}
		zombie := running[0]
		zombie.Freeze()
		produceAndAwaitSome(s, tr)
		s.AwaitSettled(stack.Patience)
		zombie.Thaw()
		produceAndAwaitSome(s, tr)
		s.AwaitSettled(stack.Patience)
		tr.ExpectAll(t, s)
		report(t, s.Verify(tr.Rules))
		awaitTopics(t, s, name, name+".members")
	})
}

// inKafka is the file of one destination with both topics.
func inKafka(topic string) string {
	return fmt.Sprintf("destinations:\n  - name: lake\n    segments: all\n    kafka: {topic: %[1]s, members_topic: %[1]s.members}\n", topic)
}

// awaitTopics waits until a destination's topics have all changes, and compares
// them with Redis.
func awaitTopics(t *testing.T, s *stack.System, topic, members string) {
	t.Helper()
	outbox := s.Outbox()
	var log *delivered.Log
	s.Await("the topic to have all changes", stack.Patience, func() error {
		log = s.ToldOnTopic(topic)
		return log.Lacks(outbox)
	})
	tally, problems := log.Compare(outbox)
	if tally.Wrong() > 0 || tally.Changes == 0 {
		t.Errorf("%+v: %s", tally, strings.Join(problems, "\n"))
	}
	s.Await("the status to say that nothing is left", stack.Patience, func() error {
		status, err := s.Activate("status", "--output", "json")
		if err == nil && !strings.Contains(status, `"behind":0,"waiting":0,`) {
			err = errors.New(status)
		}
		return err
	})
	want := delivered.Members(outbox)
	s.Await("the compacted topic to be left with the members", stack.Patience, func() error {
		if got := s.MembersOnTopic(members); !maps.Equal(got, want) {
			return fmt.Errorf("it has %d memberships, and there are %d", len(got), len(want))
		}
		return nil
	})
	if len(want) == 0 {
		t.Error("nobody is a member of anything")
	}
	t.Logf("%+v, %d memberships", tally, len(want))
}
