package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// AbsentSources returns the source topics that the brokers do not have.
func (c *Cluster) AbsentSources(ctx context.Context) (absent []string, err error) {
	for _, topic := range c.cfg.Sources {
		switch _, err := c.partitions(ctx, topic); {
		case errors.Is(err, kafka.UnknownTopicOrPartition):
			absent = append(absent, topic)
		case err != nil:
			return nil, fmt.Errorf("looking for topic %s: %w", topic, c.explain(err))
		}
	}
	return absent, nil
}

// CreateSources creates source topics, waits until they can be used, and
// returns those that it created. How long they keep records is the brokers'
// to say, as it is for the keyed topic.
func (c *Cluster) CreateSources(ctx context.Context, topics []string, partitions, replication int) ([]string, error) {
	wanted := make([]kafka.TopicConfig, len(topics))
	for i, topic := range topics {
		wanted[i] = topicConfig(topic, partitions, replication, c.cfg.MaxRecordBytes, 0)
	}
	created, err := c.create(ctx, wanted)
	if err != nil {
		return created, err
	}
	for _, topic := range topics {
		if _, err := c.awaitTopic(ctx, topic); err != nil {
			return created, fmt.Errorf("looking for topic %s: %w", topic, err)
		}
	}
	return created, nil
}
