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
)

// TestKafkaDestinationTellsEveryChange kills evaluators, and freezes one until
// its successor has sent for its shards. A consumer that drops what it has seen
// has each change once and in order, and the compacted topic is left with the
// members.
func TestKafkaDestinationTellsEveryChange(t *testing.T) {
	stack.Beside(t)
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

// TestKafkaDestinationBeginsWithAllMembers has a destination come that is new
// to members who are there: the compacted topic is left with all of them, and
// follows what changes from then on.
func TestKafkaDestinationBeginsWithAllMembers(t *testing.T) {
	stack.Beside(t)
	tr := traffic.New(8, 60, 12)
	name := fmt.Sprintf("audiences-%d", time.Now().UnixNano())
	s := stack.Start(t, stack.Options{Shards: shards, Sources: sources, Segments: tr.Segments(), Destinations: noDestination})
	s.Init()
	s.Run()
	produceAndAwaitSome(s, tr)
	s.AwaitSettled(stack.Patience)
	s.WriteDestinations(inKafka(name) + "    initial: all\n")
	awaitMembers(t, s, name+".members")
	produceAndAwaitSome(s, tr)
	s.AwaitSettled(stack.Patience)
	report(t, s.Verify(tr.Rules))
	awaitMembers(t, s, name+".members")
}

// awaitMembers waits until a compacted topic is left with the members,
// whatever the version that it knows of each.
func awaitMembers(t *testing.T, s *stack.System, topic string) {
	t.Helper()
	want := delivered.Members(s.Outbox())
	if len(want) == 0 {
		t.Fatal("nobody is a member of anything")
	}
	s.Await("the compacted topic to be left with the members", stack.Patience, func() error {
		got := s.MembersOnTopic(topic)
		for member := range want {
			if got[member] == 0 {
				return fmt.Errorf("%+v is missing, and there are %d of %d", member, len(got), len(want))
			}
		}
		if len(got) != len(want) {
			return fmt.Errorf("it has %d memberships, and there are %d", len(got), len(want))
		}
		return nil
	})
}
