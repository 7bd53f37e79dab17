package sink

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// A reshard carries the flows of each old shard as a whole: which profiles they
// counted can't be told any more, and what is told of a segment is the sum of
// all shards. Old shard 7 goes to new shard 7, or with 4 new ones to shard 3,
// which gets the sum of what goes to it. Pages that redis.hourly_flow_days and
// daily_flow_days, as they are now, no longer keep stay behind.

// carryFlows writes the pages of a new shard.
func (c *copying) carryFlows(ctx context.Context, shard int) error {
	now := time.Now()
	for _, step := range steps {
		for _, page := range c.store.flowPages(step, 0, now) {
			texts := map[string]string{}
			for old := shard; old < c.from.Shards; old += c.to.Shards {
				if err := c.addFlowPage(ctx, texts, c.old.flows(old, step, page)); err != nil {
					return fmt.Errorf("carrying flows: %w", err)
				}
			}
			if err := c.writeFlowPage(ctx, c.new.flows(shard, step, page), texts, c.store.flowExpiry(step, page)); err != nil {
				return fmt.Errorf("carrying flows: %w", err)
			}
		}
	}
	return nil
}

// addFlowPage adds an old page to texts.
func (c *copying) addFlowPage(ctx context.Context, texts map[string]string, key string) error {
	more, err := c.store.readFlowPage(ctx, key)
	for segment, text := range more {
		var slots []slotFlow
		for flow, rest, ok := nextFlow(text); ok; flow, rest, ok = nextFlow(rest) {
			slots = append(slots, flow)
		}
		texts[segment] = string(appendFlows(nil, texts[segment], slots))
	}
	return err
}

func (c *copying) writeFlowPage(ctx context.Context, key string, texts map[string]string, expires time.Time) error {
	if len(texts) == 0 {
		return nil
	}
	var pairs []any
	for segment, text := range texts {
		pairs = append(pairs, segment, text)
	}
	return c.store.retry(ctx, "writing flows", func(ctx context.Context) error {
		pipe := c.store.client.TxPipeline()
		pipe.Unlink(ctx, key)
		for part := range slices.Chunk(pairs, 2*namesChunk) {
			pipe.HSet(ctx, key, part...)
		}
		pipe.ExpireAt(ctx, key, expires)
		_, err := pipe.Exec(ctx)
		return err
	})
}

// flowMarks are the fields of the meta hash of every new shard that tell since
// when flows are counted: from the latest of the old ones on, or, where one of
// them does not count, from its clock on.
func (c *copying) flowMarks(ctx context.Context) ([]any, error) {
	var fields []any
	for _, step := range steps {
		latest := int64(0)
		for shard, m := range c.sealed {
			var values []any
			err := c.store.retry(ctx, "reading marks", func(ctx context.Context) (err error) {
				values, err = c.store.client.HMGet(ctx, c.old.meta(shard), "epoch", step.field()).Result()
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("reading since when flows are counted: %w", err)
			}
			since := flowSince(values)
			if since < 0 {
				since = m.clock
			}
			latest = max(latest, since)
		}
		fields = append(fields, step.field(), latest)
	}
	return fields, nil
}

// doomedFlows are the keys of a shard's pages, as far as they are not gone by
// themselves.
func (s *Store) doomedFlows(k keys, shard int) []string {
	var doomed []string
	for _, step := range steps {
		for _, page := range s.flowPages(step, 0, time.Now()) {
			doomed = append(doomed, k.flows(shard, step, page))
		}
	}
	return doomed
}
