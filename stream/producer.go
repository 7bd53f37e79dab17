package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	// chunkBytes and chunkRecords bound one produce call. It becomes one
	// record batch, and a topic takes batches of 1 MB unless told otherwise.
	chunkBytes   = 900 << 10
	chunkRecords = 5000
	// recordOverhead is about what a record takes beside its key and value.
	recordOverhead = 64

	produceFirstWait = 50 * time.Millisecond
	produceMostWait  = 5 * time.Second
)

// outgoing is one record to produce. A Time of 0 means the time of producing.
type outgoing struct {
	key, value []byte
	time       int64 // milliseconds since 1970 UTC
	headers    []kafka.Header
}

// refusal is a record that the broker will never take.
type refusal struct {
	index int // within the records given to produce
	err   error
}

// produce appends records to one partition in order and returns when all of
// them are acknowledged by every replica in sync, or refused for good. It
// goes on through lost connections and moved leaders until ctx ends. When an
// answer is lost the records are sent again, so a record may be there twice.
func (c *Cluster) produce(ctx context.Context, at topicPartition, records []outgoing) ([]refusal, error) {
	var refused []refusal
	for start := 0; start < len(records); {
		end := chunkEnd(records, start)
		r, err := c.produceChunk(ctx, at, records[start:end])
		if err != nil {
			return nil, fmt.Errorf("producing to topic %s partition %d: %w", at.topic, at.partition, err)
		}
		for i := range r {
			r[i].index += start
		}
		refused = append(refused, r...)
		start = end
	}
	return refused, nil
}

func chunkEnd(records []outgoing, start int) int {
	size := 0
	for i := start; i < len(records); i++ {
		size += len(records[i].key) + len(records[i].value) + recordOverhead
		if i > start && (size > chunkBytes || i-start >= chunkRecords) {
			return i
		}
	}
	return len(records)
}

// produceChunk sends the records as one batch. A batch that is refused is
// halved until the records at fault are alone.
func (c *Cluster) produceChunk(ctx context.Context, at topicPartition, records []outgoing) ([]refusal, error) {
	err := c.produceUntilTaken(ctx, at, records)
	switch {
	case err == nil:
		return nil, nil
	case !isRefusal(err):
		return nil, err
	case len(records) == 1:
		return []refusal{{0, err}}, nil
	}
	half := len(records) / 2
	refused, err := c.produceChunk(ctx, at, records[:half])
	if err != nil {
		return nil, err
	}
	behind, err := c.produceChunk(ctx, at, records[half:])
	for _, r := range behind {
		refused = append(refused, refusal{r.index + half, r.err})
	}
	return refused, err
}

// isRefusal tells the errors that lie in the records from those that pass.
func isRefusal(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge) ||
		errors.Is(err, kafka.InvalidTimestamp) || errors.Is(err, kafka.InvalidRecord)
}

func (c *Cluster) produceUntilTaken(ctx context.Context, at topicPartition, records []outgoing) error {
	retry := backoff{first: produceFirstWait, most: produceMostWait}
	defer func() {
		if retry.attempt > 0 {
			c.observer.produceSettled(at)
		}
	}()
	for {
		err := c.produceOnce(ctx, at, records)
		if err == nil || isRefusal(err) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := retry.next()
		c.observer.produceError(at.topic, at.partition, c.explain(err), wait)
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// produceOnce wraps the records anew every time, because kafka-go's Bytes
// are used up by an attempt and would be empty in the next one.
func (c *Cluster) produceOnce(ctx context.Context, at topicPartition, records []outgoing) error {
	ctx, cancel := context.WithTimeout(ctx, 2*answerTimeout)
	defer cancel()
	wrapped := make([]kafka.Record, len(records))
	for i := range records {
		r := &records[i]
		wrapped[i] = kafka.Record{Key: kafka.NewBytes(r.key), Value: kafka.NewBytes(r.value), Headers: r.headers}
		if r.time > 0 {
			wrapped[i].Time = time.UnixMilli(r.time)
		}
	}
	res, err := c.client.Produce(ctx, &kafka.ProduceRequest{
		Topic:        at.topic,
		Partition:    at.partition,
		RequiredAcks: kafka.RequireAll,
		Records:      kafka.NewRecordReader(wrapped...),
	})
	if err != nil {
		return absent(err)
	}
	return res.Error
}

// absent tells what is not in the client's picture of the cluster as a broker
// tells it. The client looks there first, so once it has seen a topic that was
// made anew with fewer partitions, no broker is asked about the others.
func absent(err error) error {
	if errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition) {
		return fmt.Errorf("%w: %w", kafka.UnknownTopicOrPartition, err)
	}
	return err
}
