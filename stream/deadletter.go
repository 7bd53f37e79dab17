package stream

import (
	"context"
	"fmt"
	"strconv"

	"github.com/segmentio/kafka-go"

	"muster/pipeline"
)

// The headers of a dead letter.
const (
	HeaderReason    = "reason"
	HeaderTopic     = "topic"
	HeaderPartition = "partition"
	HeaderOffset    = "offset"
	// HeaderTruncated is there only when the dead-letter topic refused the
	// whole value. It holds the value's size in bytes; the topic, partition
	// and offset lead to the whole of it.
	HeaderTruncated = "truncated"
)

// truncatedBytes is what is kept of a value that the dead-letter topic refuses.
const truncatedBytes = 512 << 10

// DeadLetterWriter keeps dead letters on the topic that Config.DeadTopic
// names for the topic they came from, all on its partition 0, with the
// original key and value and the Header... headers. It is safe for
// concurrent use.
type DeadLetterWriter struct {
	cluster *Cluster
}

// DeadLetters returns the writer of this cluster's dead letters.
func (c *Cluster) DeadLetters() *DeadLetterWriter { return &DeadLetterWriter{cluster: c} }

// Write returns when the letters are acknowledged by every replica in sync.
// It tries until ctx ends.
func (w *DeadLetterWriter) Write(ctx context.Context, letters []pipeline.DeadLetter) error {
	byTopic := map[string][]outgoing{}
	for i := range letters {
		topic := letters[i].Topic
		byTopic[topic] = append(byTopic[topic], letterRecord(&letters[i]))
	}
	for topic, records := range byTopic {
		if err := w.keep(ctx, topicPartition{w.cluster.cfg.DeadTopic(topic), 0}, records); err != nil {
			return fmt.Errorf("keeping %d dead letters: %w", len(records), err)
		}
		w.cluster.observer.deadLettered(topic, len(records))
	}
	return nil
}

func letterRecord(l *pipeline.DeadLetter) outgoing {
	return outgoing{key: l.Key, value: l.Value, headers: []kafka.Header{
		{Key: HeaderReason, Value: []byte(l.Reason)},
		{Key: HeaderTopic, Value: []byte(l.Topic)},
		{Key: HeaderPartition, Value: strconv.AppendInt(nil, int64(l.Partition), 10)},
		{Key: HeaderOffset, Value: strconv.AppendInt(nil, l.Offset, 10)},
	}}
}

// keep produces the letters, and those that are refused once more with as
// much of the value as any topic takes.
func (w *DeadLetterWriter) keep(ctx context.Context, at topicPartition, records []outgoing) error {
	refused, err := w.cluster.produce(ctx, at, records)
	if err != nil || len(refused) == 0 {
		return err
	}
	cut := make([]outgoing, len(refused))
	for i, r := range refused {
		cut[i] = truncated(records[r.index])
	}
	refused, err = w.cluster.produce(ctx, at, cut)
	if err == nil && len(refused) > 0 {
		err = fmt.Errorf("topic %s takes not even %d bytes of a letter: %w", at.topic, truncatedBytes, refused[0].err)
	}
	return err
}

func truncated(r outgoing) outgoing {
	size := strconv.AppendInt(nil, int64(len(r.value)), 10)
	r.headers = append(r.headers, kafka.Header{Key: HeaderTruncated, Value: size})
	r.value = r.value[:min(len(r.value), truncatedBytes)]
	r.key = r.key[:min(len(r.key), truncatedBytes/8)]
	return r
}

var _ pipeline.DeadLetters = (*DeadLetterWriter)(nil)
