package stream

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"muster/pipeline"
	fake "muster/test/kit/kafka"
)

// A topic that was made anew while nobody asked for records, over a connection
// that has outlived it, is noticed all the same.
func TestALogThatWasNotAskedForIsLookedAtAgain(t *testing.T) {
	cfg := Default()
	cfg.Brokers, cfg.Keyed, cfg.PollWait = fake.StartFakeFor(t).Addresses(), "keyed", 50*time.Millisecond
	c, err := Connect(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fill := func(content string) {
		t.Helper()
		res, err := c.client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{
			Topics: []kafka.TopicConfig{{Topic: "keyed", NumPartitions: 1, ReplicationFactor: 1}},
		})
		if err := errors.Join(err, res.Errors["keyed"]); err != nil {
			t.Fatal(err)
		}
		if _, err := c.awaitTopic(t.Context(), "keyed"); err != nil {
			t.Fatal(err)
		}
		var records []outgoing
		for i := range 10 {
			records = append(records, outgoing{value: fmt.Appendf(nil, "%s %d", content, i)})
		}
		if _, err := c.produce(t.Context(), topicPartition{"keyed", 0}, records); err != nil {
			t.Fatal(err)
		}
	}
	fill("one")
	s := c.openTopic(topicPartition{"keyed", 0}, 0, pipeline.Anchor{}, 10)
	defer s.Close()
	for s.next < 10 {
		if _, err := s.Fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	connection := s.conn
	if _, err := c.client.DeleteTopics(t.Context(), &kafka.DeleteTopicsRequest{Topics: []string{"keyed"}}); err != nil {
		t.Fatal(err)
	}
	fill("another")
	s.heard = s.heard.Add(-2 * knownFor)
	var gap *GapError
	if batch, err := s.Fetch(t.Context()); !errors.As(err, &gap) || !gap.Anew {
		t.Errorf("got %+v, %v over the same connection; want a gap", batch, err)
	}
	if s.conn != nil && s.conn != connection {
		t.Error("it was another connection")
	}
}
