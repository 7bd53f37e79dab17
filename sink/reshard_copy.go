package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/profile"
)

// The steps of copying, in their order.
const (
	stepMembers = iota
	stepOutbox
	stepChronicle
	stepProfiles
	stepCheck
)

// checkpoint is how far a copy is: everything before it is done. It saves
// time when a reshard is run again, no more: what is written twice is the
// same twice.
type checkpoint struct{ step, shard, bucket int }

// New generations of stored profiles: the one of the rule set that the new
// shards say they were last evaluated with, and that of all others.
const (
	generationOther   = 1
	generationCurrent = 2
)

// copying is what one Copy knows.
type copying struct {
	*Reshard
	names   []string          // of every new shard
	place   map[string]uint64 // name -> position in names
	catalog map[string]string // of every new shard
	rules   string            // fingerprint of the new shards' rule set
	found   Weight
	// chronicled is how many entries of the chronicle were copied of each day, nil
	// where another process has done it.
	chronicled map[int64]int64
}

// Copy fills the new shards from the sealed ones, checks that nothing is
// missing, and counts. It goes on where a Copy before it has stopped. When
// something is missing, because a server lost writes meanwhile, it removes
// the new shards and says so: run it again.
func (r *Reshard) Copy(ctx context.Context) (Weight, error) {
	if len(r.sealed) != r.from.Shards {
		return Weight{}, errors.New("copying shards: they are not sealed")
	}
	c := &copying{Reshard: r}
	err := c.run(ctx)
	if errors.Is(err, errIncomplete) {
		err = errors.Join(err, r.store.dropLayout(ctx, r.to, r.plan.Progress), r.save(ctx, checkpoint{}))
	}
	if err != nil {
		return Weight{}, fmt.Errorf("copying shards: %w", err)
	}
	return c.found, nil
}

func (c *copying) run(ctx context.Context) error {
	at, err := c.load(ctx)
	if err != nil {
		return err
	}
	c.rules = c.lineage()
	if err := c.unite(ctx); err != nil {
		return fmt.Errorf("uniting names: %w", err)
	}
	if err := c.uniteCatalogs(ctx); err != nil {
		return fmt.Errorf("uniting catalogs: %w", err)
	}
	for step, do := range []func(context.Context, checkpoint) error{c.copyMembers, c.copyOutbox, c.copyChronicle, c.copyProfiles, c.check} {
		if step < at.step {
			continue
		}
		if step > at.step {
			at = checkpoint{step: step}
			if err := c.save(ctx, at); err != nil {
				return err
			}
		}
		if err := do(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

func (r *Reshard) load(ctx context.Context) (at checkpoint, err error) {
	key := r.store.keys.deployment()
	err = r.store.retry(ctx, "reading checkpoint", func(ctx context.Context) error {
		text, err := r.store.client.HGet(ctx, key, fieldCopied).Result()
		if err != nil {
			if errors.Is(err, redis.Nil) {
				return nil
			}
			return err
		}
		if _, err := fmt.Sscanf(text, "%d %d %d", &at.step, &at.shard, &at.bucket); err != nil {
			return final("%s holds %q in field %s: %w", key, text, fieldCopied, err)
		}
		return nil
	})
	return at, err
}

func (r *Reshard) save(ctx context.Context, at checkpoint) error {
	return r.store.retry(ctx, "writing checkpoint", func(ctx context.Context) error {
		text := fmt.Sprintf("%d %d %d", at.step, at.shard, at.bucket)
		return r.store.client.HSet(ctx, r.store.keys.deployment(), fieldCopied, text).Err()
	})
}

// lineage returns the rule set that most old shards were last evaluated
// with. Profiles of the others are evaluated whole when next touched, as in
// a shard that missed a change of the rules.
func (c *copying) lineage() string {
	count := map[string]int{}
	for _, m := range c.sealed {
		if m.rules != "" {
			count[m.rules]++
		}
	}
	best := ""
	for _, rules := range slices.Sorted(maps.Keys(count)) {
		if count[rules] > count[best] {
			best = rules
		}
	}
	return best
}

// unite gives every new shard the names of all old ones, those of shard 0
// first.
func (c *copying) unite(ctx context.Context) error {
	c.place = map[string]uint64{}
	for shard := range c.from.Shards {
		names, err := c.store.readNames(ctx, c.old.names(shard))
		if err != nil {
			return err
		}
		for _, name := range names {
			if _, known := c.place[name]; !known {
				c.place[name] = uint64(len(c.names))
				c.names = append(c.names, name)
			}
		}
	}
	for shard := range c.to.Shards {
		key := c.new.names(shard)
		err := c.store.retry(ctx, "writing names", func(ctx context.Context) error {
			pipe := c.store.client.TxPipeline()
			pipe.Unlink(ctx, key)
			for part := range slices.Chunk(c.names, namesChunk) {
				pipe.RPush(ctx, key, part)
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// namesChunk is how many names one RPUSH appends.
const namesChunk = 1000

func (s *Store) readNames(ctx context.Context, key string) (names []string, err error) {
	err = s.retry(ctx, "reading names", func(ctx context.Context) error {
		names, err = s.client.LRange(ctx, key, 0, -1).Result()
		return err
	})
	return names, err
}

// renumbering turns blobs of an old shard into those of the new ones. A
// profile that was looked at by a sweep and not rewritten is current too.
func (c *copying) renumbering(ctx context.Context, shard int) (*profile.Renumbering, error) {
	names, err := c.store.readNames(ctx, c.old.names(shard))
	if err != nil {
		return nil, fmt.Errorf("reading names: %w", err)
	}
	n := &profile.Renumbering{Numbers: make([]uint64, len(names))}
	for i, name := range names {
		n.Numbers[i] = c.place[name]
	}
	m := &c.sealed[shard]
	n.Generation = func(g uint64) uint64 {
		if max(g, m.swept) == m.generation && m.rules == c.rules {
			return generationCurrent
		}
		return generationOther
	}
	return n, nil
}
