package sink

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"muster/profile"
)

// copyProfiles copies blobs, and the timers that they tell of. The
// checkpoint is the old shard and its first bucket that is not done.
func (c *copying) copyProfiles(ctx context.Context, at checkpoint) error {
	done, total, err := c.countProfiles(ctx, at)
	if err != nil {
		return fmt.Errorf("counting profiles: %w", err)
	}
	w := &profileWriter{copying: c, progress: Progress{"profiles", "profiles", done, total}}
	if err := w.readClocks(ctx); err != nil {
		return fmt.Errorf("reading clocks: %w", err)
	}
	for ; at.shard < c.from.Shards; at.shard, at.bucket = at.shard+1, 0 {
		if w.renumber, err = c.renumbering(ctx, at.shard); err != nil {
			return fmt.Errorf("copying shard %d: %w", at.shard, err)
		}
		for ; at.bucket < c.old.buckets; at.bucket += bucketsChunk {
			if err := c.save(ctx, at); err != nil {
				return err
			}
			err := c.store.eachPage(ctx, c.old, at.shard, at.bucket, func(page []storedProfile) error {
				return w.write(ctx, at.shard, page)
			})
			if err != nil {
				return fmt.Errorf("copying shard %d: %w", at.shard, err)
			}
		}
	}
	return nil
}

// countProfiles returns how many profiles are before a checkpoint, and how
// many there are.
func (c *copying) countProfiles(ctx context.Context, at checkpoint) (done, total int64, err error) {
	for shard := range c.from.Shards {
		counts, err := c.store.countBuckets(ctx, c.old, shard)
		if err != nil {
			return 0, 0, err
		}
		for bucket, n := range counts {
			total += n
			if shard < at.shard || shard == at.shard && bucket < at.bucket {
				done += n
			}
		}
	}
	return done, total, nil
}

// profileWriter writes profiles of one old shard after the other to the new
// ones.
type profileWriter struct {
	*copying
	renumber *profile.Renumbering
	clocks   []int64 // of the new shards so far
	progress Progress
}

// readClocks reads what a Copy before has noted.
func (w *profileWriter) readClocks(ctx context.Context) error {
	for shard := range w.to.Shards {
		var clock int64
		err := w.store.retry(ctx, "reading clock", func(ctx context.Context) (err error) {
			clock, err = w.store.client.HGet(ctx, w.new.meta(shard), "clock").Int64()
			if errors.Is(err, redis.Nil) {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
		w.clocks = append(w.clocks, clock)
	}
	return nil
}

// write writes a page of an old shard's profiles. The clocks go along, so
// that they are noted before the checkpoint passes the page.
func (w *profileWriter) write(ctx context.Context, from int, page []storedProfile) error {
	parts, err := w.sort(from, page)
	if err != nil {
		return err
	}
	err = w.store.retry(ctx, "writing profiles", func(ctx context.Context) error {
		pipe := w.store.client.Pipeline()
		for shard, part := range parts {
			pipe.HSet(ctx, w.new.meta(shard), "clock", w.clocks[shard])
			for key, pairs := range part.blobs {
				pipe.HSet(ctx, key, pairs...)
			}
			if len(part.timers) > 0 {
				pipe.ZAdd(ctx, w.new.timers(shard), part.timers...)
			}
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	w.progress.Done += int64(len(page))
	w.plan.Progress(w.progress)
	return err
}

// newProfiles are those of a page that go to one shard.
type newProfiles struct {
	blobs  map[string][]any // key -> id, blob, id, blob, ...
	timers []redis.Z
}

// add adds a profile in its two parts.
func (n *newProfiles) add(k keys, shard int, id, blob string) {
	in := bucket(id, k.buckets)
	base, tail := profile.Cut(blob)
	key := k.bucket(shard, in)
	if n.blobs[key] = append(n.blobs[key], id, base); tail != "" {
		key = k.tails(shard, in)
		n.blobs[key] = append(n.blobs[key], id, tail)
	}
}

func (w *profileWriter) sort(from int, page []storedProfile) (map[int]*newProfiles, error) {
	parts := map[int]*newProfiles{}
	for _, p := range page {
		if owner := w.plan.Before(p.id); owner != from {
			return nil, fmt.Errorf("profile %q is stored in shard %d and belongs to %d: kafka.partitioner is not the one it was stored with",
				p.id, from, owner)
		}
		blob, err := w.renumber.Append(nil, []byte(p.blob))
		if err != nil {
			return nil, fmt.Errorf("profile %q: %w", p.id, err)
		}
		head, err := profile.ReadStored(blob)
		if err != nil {
			return nil, fmt.Errorf("profile %q: %w", p.id, err)
		}
		to := w.plan.After(p.id)
		part := parts[to]
		if part == nil {
			part = &newProfiles{blobs: map[string][]any{}}
			parts[to] = part
			w.clocks[to] = max(w.clocks[to], w.sealed[from].clock)
		}
		part.add(w.new, to, p.id, string(blob))
		if head.Deadline != 0 {
			part.timers = append(part.timers, redis.Z{Score: float64(head.Deadline), Member: p.id})
		}
	}
	return parts, nil
}
