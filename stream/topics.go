package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
)

// deadRetention is how long the topics made by Init keep dead letters.
const deadRetention = 30 * 24 * time.Hour

// letterOverhead is how much larger than its record a dead letter may be.
const letterOverhead = 64 << 10

// Init creates what is missing of the keyed topic, with one partition per
// shard, and the dead-letter topics of the keyed topic and of every source.
// It returns the topics it created. A keyed topic with another number of
// partitions is an error, because its profiles would change their shard.
// Replication is the number of replicas of the topics created.
func (c *Cluster) Init(ctx context.Context, shards, replication int) ([]string, error) {
	wanted := []kafka.TopicConfig{topicConfig(c.cfg.Keyed, shards, replication, c.cfg.MaxRecordBytes, 0)}
	for _, topic := range append([]string{c.cfg.Keyed}, c.cfg.Sources...) {
		maxBytes := c.cfg.MaxRecordBytes + letterOverhead
		wanted = append(wanted, topicConfig(c.cfg.DeadTopic(topic), 1, replication, maxBytes, deadRetention))
	}
	var missing []kafka.TopicConfig
	for _, topic := range wanted {
		switch _, err := c.partitions(ctx, topic.Topic); {
		case errors.Is(err, kafka.UnknownTopicOrPartition):
			missing = append(missing, topic)
		case err != nil:
			return nil, fmt.Errorf("looking for topic %s: %w", topic.Topic, c.explain(err))
		}
	}
	created, err := c.create(ctx, missing)
	if err != nil {
		return created, err
	}
	return created, c.checkTopics(ctx, wanted, shards)
}

// checkTopics waits until every topic can be used, and checks the shards.
func (c *Cluster) checkTopics(ctx context.Context, topics []kafka.TopicConfig, shards int) error {
	for _, topic := range topics {
		if _, err := c.awaitTopic(ctx, topic.Topic); err != nil {
			return fmt.Errorf("looking for topic %s: %w", topic.Topic, err)
		}
	}
	have, err := c.Partitions(ctx)
	if err != nil {
		return err
	}
	if have != shards {
		return fmt.Errorf("topic %s has %d partitions but %d shards are configured: "+
			"a profile's shard depends on their number, so set shards to %d or use a new topic and new state",
			c.cfg.Keyed, have, shards, have)
	}
	return nil
}

func topicConfig(name string, partitions, replication, maxBytes int, retention time.Duration) kafka.TopicConfig {
	entries := []kafka.ConfigEntry{
		{ConfigName: "cleanup.policy", ConfigValue: "delete"},
		{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(maxBytes)},
	}
	if retention > 0 {
		ms := strconv.FormatInt(retention.Milliseconds(), 10)
		entries = append(entries, kafka.ConfigEntry{ConfigName: "retention.ms", ConfigValue: ms})
	}
	return kafka.TopicConfig{
		Topic: name, NumPartitions: partitions, ReplicationFactor: replication, ConfigEntries: entries,
	}
}

// create creates the topics and returns those it did. One that somebody else
// has just created is fine.
func (c *Cluster) create(ctx context.Context, topics []kafka.TopicConfig) ([]string, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	res, err := c.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: topics})
	if err != nil {
		return nil, fmt.Errorf("creating topics: %w", c.explain(err))
	}
	var created []string
	var errs []error
	for _, t := range topics {
		switch err := res.Errors[t.Topic]; {
		case err == nil:
			created = append(created, t.Topic)
		case !errors.Is(err, kafka.TopicAlreadyExists):
			errs = append(errs, fmt.Errorf("creating topic %s: %w", t.Topic, c.explain(err)))
		}
	}
	return created, errors.Join(errs...)
}

// Partitions returns the number of partitions of the keyed topic, which is
// the number of shards. It returns an error that wraps
// kafka.UnknownTopicOrPartition when there is still no such topic after 3 s.
func (c *Cluster) Partitions(ctx context.Context) (int, error) {
	partitions, err := c.awaitTopic(ctx, c.cfg.Keyed)
	if err != nil {
		return 0, fmt.Errorf("counting partitions of topic %s: %w", c.cfg.Keyed, err)
	}
	return len(partitions), nil
}
