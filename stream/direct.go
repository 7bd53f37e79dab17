package stream

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"muster/directive"
)

// directAtOnce is how many partitions are given directives at the same time.
const directAtOnce = 16

// Direct puts directives on the keyed topic of so many shards, in their
// order, with the header that tells them from events, and returns when all are
// acknowledged: one about a profile on the partition of that profile, any other
// on every partition. It goes on through lost connections until ctx ends; what is sent
// again may be there twice, and is recognised. A directive that the topic
// refuses, as one beyond its max.message.bytes, is an error that names it.
func (c *Cluster) Direct(ctx context.Context, shards int, directives []directive.Directive) error {
	partitioner, err := NewPartitioner(c.cfg.Partitioner, shards)
	if err != nil {
		return fmt.Errorf("giving directives: %w", err)
	}
	parts, given := make([][]outgoing, shards), make([][]int, shards)
	for i := range directives {
		d := &directives[i]
		value, err := directive.Append(nil, d)
		if err != nil {
			return fmt.Errorf("giving directives: %w", err)
		}
		first, last := 0, shards-1
		if d.HasProfile() {
			first = partitioner.Partition(d.Profile)
			last = first
		}
		for to := first; to <= last; to++ {
			parts[to] = append(parts[to], outgoing{key: []byte(d.Profile), value: value, headers: []kafka.Header{{Key: directive.Header}}})
			given[to] = append(given[to], i)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(directAtOnce)
	for to := range parts {
		group.Go(func() error {
			refused, err := c.produce(ctx, topicPartition{c.cfg.Keyed, to}, parts[to])
			if err != nil {
				return fmt.Errorf("giving directives: %w", err)
			}
			for _, r := range refused {
				d := &directives[given[to][r.index]]
				return fmt.Errorf("giving directives: topic %s refused a directive of kind %d of run %q, profile %q, with %d bytes: %w; raise its max.message.bytes",
					c.cfg.Keyed, d.Kind, d.Run, d.Profile, len(parts[to][r.index].value), r.err)
			}
			return nil
		})
	}
	return group.Wait()
}
