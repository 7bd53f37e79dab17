package demo

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/segmentio/kafka-go"
)

// pollEvery is how often the broker is asked for the lag.
const pollEvery = 10 * time.Millisecond

// AwaitAll waits until everything that was produced has been routed and
// committed: until neither the router's group nor any partition of the keyed
// topic lags. It returns early, without an error, when ctx ends.
func (t *Tally) AwaitAll(ctx context.Context, broker, routerGroup, keyed string, partitions int) error {
	if !t.await(ctx, func(c *Counts) bool { return c.Routed >= c.Produced && c.Committed+c.Dead >= c.Produced }) {
		return nil
	}
	client := &kafka.Client{Addr: kafka.TCP(broker), Transport: &kafka.Transport{}}
	for {
		lag, err := t.lag(ctx, client, routerGroup, keyed, partitions)
		if ctx.Err() != nil || err == nil && lag == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("asking for the lag: %w", err)
		}
		if !pause(ctx, pollEvery) {
			return nil
		}
	}
}

// lag returns how many records are still to be routed or committed.
func (t *Tally) lag(ctx context.Context, client *kafka.Client, routerGroup, keyed string, partitions int) (int64, error) {
	routed, err := client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: routerGroup, Topics: map[string][]int{Topic: {0}}})
	if err != nil {
		return 0, err
	}
	request := make([]kafka.OffsetRequest, partitions)
	for i := range request {
		request[i] = kafka.LastOffsetOf(i)
	}
	ends, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{keyed: request}})
	if err != nil {
		return 0, err
	}
	t.mu.Lock()
	produced, next := int64(t.counts.Produced), maps.Clone(t.next)
	t.mu.Unlock()
	lag := produced
	for _, p := range routed.Topics[Topic] {
		lag -= max(0, p.CommittedOffset)
	}
	for _, p := range ends.Topics[keyed] {
		if p.Error != nil {
			return 0, p.Error
		}
		lag += p.LastOffset - next[p.Partition]
	}
	return lag, nil
}
