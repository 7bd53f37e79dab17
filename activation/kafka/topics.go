package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// errNoTopic is of a topic that is not there and may not be made.
var errNoTopic = errors.New("there is no such topic")

// findTopics makes those of the destination's topics that are missing, with as
// many partitions as there are shards, and as many replicas as the brokers give
// to a topic by default.
func (s *shardSender) findTopics(ctx context.Context, client *kgo.Client) error {
	for _, topic := range []string{s.to.Topic, s.to.MembersTopic} {
		if topic == "" {
			continue
		}
		_, err := lookFor(ctx, client, topic)
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			err = s.make(ctx, client, topic)
		}
		if err != nil {
			return fmt.Errorf("looking for topic %s: %w", topic, err)
		}
	}
	return nil
}

// lookFor returns how many partitions a topic has, and
// kerr.UnknownTopicOrPartition when there is none.
func lookFor(ctx context.Context, client *kgo.Client, topic string) (partitions int, err error) {
	ask := kmsg.NewPtrMetadataRequest() // which by default makes no topic
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = kmsg.StringPtr(topic)
	ask.Topics = append(ask.Topics, one)
	answer, err := ask.RequestWith(ctx, client)
	if err != nil {
		return 0, fmt.Errorf("asking: %w", err)
	}
	for i := range answer.Topics {
		if t := &answer.Topics[i]; t.Topic != nil && *t.Topic == topic {
			return len(t.Partitions), kerr.ErrorForCode(t.ErrorCode)
		}
	}
	return 0, kerr.UnknownTopicOrPartition
}

// make makes a topic. That somebody else has just made it is fine.
func (s *shardSender) make(ctx context.Context, client *kgo.Client, topic string) error {
	if s.home.Shards == 0 {
		return errNoTopic
	}
	ask := kmsg.NewPtrCreateTopicsRequest()
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = topic, int32(s.home.Shards), -1
	policy := kmsg.NewCreateTopicsRequestTopicConfig()
	policy.Name, policy.Value = "cleanup.policy", kmsg.StringPtr("delete")
	if topic == s.to.MembersTopic {
		policy.Value = kmsg.StringPtr("compact")
	}
	one.Configs = append(one.Configs, policy)
	ask.Topics = append(ask.Topics, one)
	answer, err := ask.RequestWith(ctx, client)
	if err != nil {
		return fmt.Errorf("making it: %w", err)
	}
	for i := range answer.Topics {
		t := &answer.Topics[i]
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("making it, with %d partitions: %w", s.home.Shards, err)
		}
	}
	return nil
}
