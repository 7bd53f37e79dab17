package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// endsFor bounds how long the end of a topic is asked for, while brokers are
// away.
const endsFor = 2 * time.Minute

// Ends returns the offset that the next record of each of so many partitions
// of the keyed topic will get.
func (c *Cluster) Ends(ctx context.Context, partitions int) ([]int64, error) {
	return c.ends(ctx, c.cfg.Keyed, partitions)
}

// Dead returns how many dead letters of the keyed topic there were ever, 0
// where nothing has made a topic for them.
func (c *Cluster) Dead(ctx context.Context) (int64, error) {
	ends, err := c.ends(ctx, c.cfg.DeadTopic(c.cfg.Keyed), 1) // they all stand on the first partition
	if errors.Is(err, kafka.UnknownTopicOrPartition) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return ends[0], nil
}

func (c *Cluster) ends(ctx context.Context, topic string, partitions int) (ends []int64, err error) {
	asked := make([]kafka.OffsetRequest, partitions)
	for i := range asked {
		asked[i] = kafka.LastOffsetOf(i)
	}
	retry := backoff{first: produceFirstWait, most: produceMostWait}
	for began := time.Now(); ; {
		ends, err = c.lastOffsets(ctx, topic, asked)
		if err == nil {
			return ends, nil
		}
		if !passes(err, time.Since(began)) || pause(ctx, retry.next()) != nil {
			return nil, fmt.Errorf("looking for the end of topic %s: %w", topic, c.explain(err))
		}
	}
}

// passes reports whether an error that was met for so long may still pass. A
// topic that is not there is not waited for as long as a broker. Unknown is
// what a broker says of anything that went wrong in it, as when it is stopped.
func passes(err error, metFor time.Duration) bool {
	var own kafka.Error
	switch {
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		return metFor < topicWait
	case errors.As(err, &own) && !own.Temporary() && own != kafka.Unknown:
		return false
	}
	return metFor < endsFor
}

func (c *Cluster) lastOffsets(ctx context.Context, topic string, asked []kafka.OffsetRequest) ([]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	res, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: asked}})
	if err != nil {
		return nil, err
	}
	ends := make([]int64, len(asked))
	for i := range ends {
		ends[i] = -1
	}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, p.Error
		}
		if p.Partition < len(ends) {
			ends[p.Partition] = p.LastOffset
		}
	}
	for _, end := range ends {
		if end < 0 {
			return nil, kafka.UnknownTopicOrPartition
		}
	}
	return ends, nil
}
