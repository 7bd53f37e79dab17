package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"muster/profile"
)

// errIncomplete says that something that was copied is not there.
var errIncomplete = errors.New("a server lost writes meanwhile, what was copied is removed: run it again")

// check reads the new shards, counts what they hold, and writes what follows
// from it: sizes, and meta hashes. It refuses when anything is missing.
func (c *copying) check(ctx context.Context, _ checkpoint) error {
	sizes, profiles := map[string]int64{}, int64(0)
	for shard := range c.to.Shards {
		c.plan.Progress(Progress{"check", "shards", int64(shard), int64(c.to.Shards)})
		n, err := c.tally(ctx, shard)
		if err != nil {
			return fmt.Errorf("checking shard %d: %w", shard, err)
		}
		if err := c.carryFlows(ctx, shard); err != nil {
			return fmt.Errorf("finishing shard %d: %w", shard, err)
		}
		if err := c.finish(ctx, shard, n); err != nil {
			return fmt.Errorf("finishing shard %d: %w", shard, err)
		}
		profiles += n.profiles
		for number, size := range n.sizes {
			if id, is := profile.SegmentName(c.names[number]); is {
				sizes[id] += size
			}
		}
	}
	if err := c.compare(ctx, sizes, profiles); err != nil {
		return err
	}
	return c.countChronicle(ctx)
}

// tally is what the profiles of one new shard come to.
type tally struct {
	profiles, timers int64
	sizes            []int64 // by position in the names
}

func (c *copying) tally(ctx context.Context, shard int) (tally, error) {
	n := tally{sizes: make([]int64, len(c.names))}
	count := func(page []storedProfile) error {
		for _, p := range page {
			head, err := profile.ReadStored([]byte(p.blob))
			if err != nil {
				return fmt.Errorf("profile %q: %w", p.id, err)
			}
			if !profile.Fits(p.blob) {
				return fmt.Errorf("profile %q has not all of its traits: %w", p.id, errIncomplete)
			}
			n.profiles++
			if head.Deadline != 0 {
				n.timers++
			}
			for _, number := range head.Segments {
				n.sizes[number]++
			}
		}
		return nil
	}
	for bucket := 0; bucket < c.new.buckets; bucket += bucketsChunk {
		if err := c.store.eachPage(ctx, c.new, shard, bucket, count); err != nil {
			return n, err
		}
	}
	var timers int64
	err := c.store.retry(ctx, "counting timers", func(ctx context.Context) (err error) {
		timers, err = c.store.client.ZCard(ctx, c.new.timers(shard)).Result()
		return err
	})
	if err == nil && timers != n.timers {
		err = fmt.Errorf("%d timers of %d profiles with deadlines: %w", timers, n.timers, errIncomplete)
	}
	if err == nil {
		err = c.checkCatalog(ctx, shard)
	}
	return n, err
}

// finish writes a new shard's sizes and its meta hash.
func (c *copying) finish(ctx context.Context, shard int, n tally) error {
	var sizes []any
	for number, size := range n.sizes {
		if id, is := profile.SegmentName(c.names[number]); is && size > 0 {
			sizes = append(sizes, id, size)
		}
	}
	marks, err := c.flowMarks(ctx)
	if err != nil {
		return err
	}
	return c.store.retry(ctx, "finishing", func(ctx context.Context) error {
		outbox, err := c.store.client.XLen(ctx, c.new.outbox(shard)).Result()
		if err != nil {
			return err
		}
		pipe := c.store.client.TxPipeline()
		pipe.Unlink(ctx, c.new.sizes(shard))
		for part := range slices.Chunk(sizes, 2*namesChunk) {
			pipe.HSet(ctx, c.new.sizes(shard), part...)
		}
		pipe.HSet(ctx, c.new.meta(shard), c.addChronicle([]any{"next", 0, "outbox", outbox, "counted", outbox, "rules", c.rules, "generation", generationCurrent,
			"swept", 0, "bucket", 0, "sweep", generationCurrent, "schema", schema}, outbox)...)
		pipe.HSet(ctx, c.new.meta(shard), marks...)
		pipe.HSet(ctx, c.new.meta(shard), milestonesField, movedMilestones(outbox))
		_, err = pipe.Exec(ctx)
		return err
	})
}

// compare holds the sums of the new shards against those of the old ones.
func (c *copying) compare(ctx context.Context, sizes map[string]int64, read int64) error {
	before, err := c.store.weigh(ctx, c.old, c.from.Shards)
	if err != nil {
		return fmt.Errorf("counting the old shards: %w", err)
	}
	after, err := c.store.weigh(ctx, c.new, c.to.Shards)
	if err != nil {
		return fmt.Errorf("counting the new shards: %w", err)
	}
	for _, one := range []struct {
		what     string
		old, new int64
	}{
		{"profiles", before.Profiles, after.Profiles}, {"readable profiles", before.Profiles, read},
		{"members", before.Members, after.Members}, {"outbox entries", before.Outbox, after.Outbox},
	} {
		if one.old != one.new {
			return fmt.Errorf("the old shards hold %d %s, the new ones %d: %w", one.old, one.what, one.new, errIncomplete)
		}
	}
	if after.Recounts, err = c.recounts(ctx, sizes); err != nil {
		return fmt.Errorf("comparing sizes: %w", err)
	}
	c.found = after
	return nil
}

// recounts returns how many segments have another size than was stored.
func (c *copying) recounts(ctx context.Context, sizes map[string]int64) (int64, error) {
	stored, err := c.store.Sizes(ctx)
	if err != nil {
		return 0, err
	}
	var differ int64
	for id, size := range stored {
		if sizes[id] != size {
			differ++
		}
	}
	for id, size := range sizes {
		if _, known := stored[id]; !known && size != 0 {
			differ++
		}
	}
	return differ, nil
}
