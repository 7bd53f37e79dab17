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

// The days of the new shards are summed up to the last day that any old one has
// summed. What an old one has not summed of them is added to the months.

// carryFlows writes the pages of a new shard.
func (c *copying) carryFlows(ctx context.Context, shard int) error {
	now := c.store.now()
	for _, page := range c.hourPages(now) {
		texts := map[string][]byte{}
		for old := shard; old < c.from.Shards; old += c.to.Shards {
			if err := c.addHours(ctx, texts, old, page); err != nil {
				return fmt.Errorf("carrying flows: %w", err)
			}
		}
		if err := c.writeFlowPage(ctx, shard, Hour, page, texts); err != nil {
			return fmt.Errorf("carrying flows: %w", err)
		}
	}
	for _, page := range c.store.flowPages(Day, 0, now) {
		texts := map[string][]byte{}
		for old := shard; old < c.from.Shards; old += c.to.Shards {
			if err := c.addDays(ctx, texts, old, page); err != nil {
				return fmt.Errorf("carrying flows: %w", err)
			}
		}
		if err := c.writeFlowPage(ctx, shard, Day, page, texts); err != nil {
			return fmt.Errorf("carrying flows: %w", err)
		}
	}
	return nil
}

// summed is the last day that any old shard has summed, 0 for none.
func (c *copying) summed() (last int64) {
	for _, m := range c.sealed {
		last = max(last, m.summed)
	}
	return last
}

// hourPages are the pages of hours that are kept, or not summed.
func (c *copying) hourPages(now time.Time) []int64 {
	pages := c.store.flowPages(Hour, 0, now)
	if summed := c.summed(); c.store.cfg.DailyFlowDays > 0 && summed > 0 {
		for _, day := range unsummed(summed) {
			if !slices.Contains(pages, day) {
				pages = append(pages, day)
			}
		}
	}
	return pages
}

// addHours adds an old page of hours.
func (c *copying) addHours(ctx context.Context, texts map[string][]byte, old int, page int64) error {
	more, err := c.store.readFlowPage(ctx, c.old.flows(old, Hour, page))
	for segment, text := range more {
		texts[segment] = addFlows(texts[segment], text)
	}
	return err
}

// addDays adds an old month, and the days that belong to it and are summed from
// now on.
func (c *copying) addDays(ctx context.Context, texts map[string][]byte, old int, page int64) error {
	more, err := c.store.readFlowPage(ctx, c.old.flows(old, Day, page))
	if err != nil {
		return err
	}
	for segment, text := range more {
		texts[segment] = addFlows(texts[segment], text)
	}
	for _, day := range unsummed(c.sealed[old].summed) {
		at := Hour.at(day, 0)
		if day > c.summed() || Day.page(at) != page {
			continue
		}
		hours, err := c.store.readFlowPage(ctx, c.old.flows(old, Hour, day))
		if err != nil {
			return err
		}
		for segment, text := range hours {
			sum := sumFlows(text)
			sum.slot = Day.slot(at)
			texts[segment] = addFlow(texts[segment], sum)
		}
	}
	return nil
}

// addFlows adds all slots of a text to another.
func addFlows(text, more []byte) []byte {
	for flow, rest, ok := nextFlow(more); ok; flow, rest, ok = nextFlow(rest) {
		text = addFlow(text, flow)
	}
	return text
}

func (c *copying) writeFlowPage(ctx context.Context, shard int, step Step, page int64, texts map[string][]byte) error {
	if len(texts) == 0 {
		return nil
	}
	var pairs []any
	for segment, text := range texts {
		pairs = append(pairs, segment, text)
	}
	key := c.new.flows(shard, step, page)
	return c.store.retry(ctx, "writing flows", func(ctx context.Context) error {
		pipe := c.store.client.TxPipeline()
		pipe.Unlink(ctx, key)
		for part := range slices.Chunk(pairs, 2*namesChunk) {
			pipe.HSet(ctx, key, part...)
		}
		pipe.ExpireAt(ctx, key, c.store.flowExpiry(step, page, c.summed()))
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
				values, err = c.store.client.HMGet(ctx, c.old.meta(shard), flowHead(step)...).Result()
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
	if summed := c.summed(); summed > 0 {
		fields = append(fields, "summed", summed)
	}
	return fields, nil
}

// doomedFlows are the keys of a shard's pages, as far as they are not gone by
// themselves.
func (s *Store) doomedFlows(ctx context.Context, k keys, shard int) ([]string, error) {
	m, err := s.metaFor(ctx, k.meta(shard))
	if err != nil {
		return nil, err
	}
	var doomed []string
	for _, step := range steps {
		for _, page := range s.flowPages(step, 0, s.now()) {
			doomed = append(doomed, k.flows(shard, step, page))
		}
	}
	for _, day := range unsummed(m.summed) {
		doomed = append(doomed, k.flows(shard, Hour, day))
	}
	return doomed, nil
}

// metaFor reads a meta hash.
func (s *Store) metaFor(ctx context.Context, key string) (m meta, err error) {
	err = s.retry(ctx, "reading marks", func(ctx context.Context) (err error) {
		m, err = readMeta(ctx, s.client, key)
		return err
	})
	return m, err
}
