package stream_test

import (
	"errors"
	"slices"
	"testing"

	kafkago "github.com/segmentio/kafka-go"

	"muster/test/kit/kafka"
)

// TestEnds: who gives directives asks how far the logs are, and how many dead
// letters there are.
func TestEnds(t *testing.T) {
	f := newFixture(t, kafka.Start(t))
	c := f.connect(nil)
	if n, err := c.Dead(f.ctx); n != 0 || err != nil {
		t.Errorf("%d dead letters without a topic for them, %v", n, err)
	}
	f.createTopic("keyed", 3)
	f.createTopic("keyed.dead", 2)
	f.produce(f.client, numbered("keyed", 0, 0, 5)...)
	f.produce(f.client, numbered("keyed", 2, 0, 9)...)
	f.produce(f.client, numbered("keyed.dead", 0, 0, 4)...)
	if ends, err := c.Ends(f.ctx, 3); err != nil || !slices.Equal(ends, []int64{5, 0, 9}) {
		t.Errorf("ends %v, %v", ends, err)
	}
	if n, err := c.Dead(f.ctx); n != 4 || err != nil {
		t.Errorf("%d dead letters, %v", n, err)
	}
	if _, err := c.Ends(f.ctx, 4); !errors.Is(err, kafkago.UnknownTopicOrPartition) {
		t.Errorf("the end of a partition that is not there: %v", err)
	}
}
