package stream_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"muster/stream"
	"muster/test/kit/kafka"
)

func TestExtentsOfTheKeyedTopic(t *testing.T) {
	kafka.Beside(t)
	f := newFixture(t, kafka.Start(t))
	c := f.connect(nil)
	if _, err := c.Extents(f.ctx); !errors.Is(err, kafkago.UnknownTopicOrPartition) {
		t.Errorf("extents of no topic: %v", err)
	}
	f.createTopic("keyed", 3)
	f.produce(f.client, numbered("keyed", 0, 0, 5)...)
	f.produce(f.client, numbered("keyed", 2, 0, 9)...)
	f.deleteBefore("keyed", 2, 4)
	got, err := c.Extents(f.ctx)
	if want := []stream.Extent{{0, 5, 1}, {0, 0, 1}, {4, 9, 1}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("extents %v, %v; want %v", got, err, want)
	}
}

func TestMembersAreSeenWhileTheyAreIn(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	f.createTopic("keyed", 2)
	c := f.connect(nil)
	if got, err := c.Members(f.ctx); err != nil || len(got) != 0 {
		t.Errorf("members before anybody came: %v, %v", got, err)
	}
	o := newOwnership()
	f.cfg.ClientID = "worker-one"
	leave := f.join(f.connect(nil), o.own("one"))
	o.await(f, map[string]int{"one": 2})
	got, err := c.Members(f.ctx)
	if err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "worker-one at ") || !strings.HasSuffix(got[0], " in group workers") {
		t.Errorf("members %v, %v", got, err)
	}
	leave()
	if got, err := c.Members(f.ctx); err != nil || len(got) != 0 {
		t.Errorf("members after the last left: %v, %v", got, err)
	}
}

// A topic that was just created has no leader everywhere, and a group no
// coordinator: that passes. What does not is told at once.
func TestStandingIsAskedForUntilItSettles(t *testing.T) {
	broker := kafka.StartFakeFor(t)
	f := newFixture(t, broker)
	f.createTopic("keyed", 1)
	f.produce(f.client, numbered("keyed", 0, 0, 5)...)
	broker.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.NotLeaderForPartition, Count: 4}, // two a time
		kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeGroups}, Err: kerr.CoordinatorNotAvailable, Count: 2},
	)
	c := f.connect(nil)
	if got, err := c.Extents(f.ctx); err != nil || len(got) != 1 || got[0].End != 5 {
		t.Errorf("extents %v, %v", got, err)
	}
	if got, err := c.Members(f.ctx); err != nil || len(got) != 0 {
		t.Errorf("members %v, %v", got, err)
	}
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeGroups}, Err: kerr.GroupAuthorizationFailed, Count: 1})
	if _, err := c.Members(f.ctx); !errors.Is(err, kafkago.GroupAuthorizationFailed) || !strings.Contains(err.Error(), "give it the permissions") {
		t.Errorf("got %v", err)
	}
}
