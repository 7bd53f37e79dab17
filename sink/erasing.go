package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// What is left to do for an erased profile stands in a hash of its shard, one
// field for each:
//
//	m:{s12}:erasing   e:<hash of the id>   "<at> <version> <request>"
//
// where at is when it was erased, ms since 1970 UTC of stream time, and version
// that of its last change: what has a higher one is of the customer who came back. The commit
// that erases the profile writes it. Whoever has removed the id from the
// shard's outbox and ledgers removes the field. The id itself is nowhere: what
// names it is found by its hash.

// Erasing is an erasure that is not complete.
type Erasing struct {
	At      int64 // stream time, ms since 1970 UTC
	Version uint64
	Request string
	stored  string
}

// fillErased notes what is left to do for profiles that were erased.
func (t *transaction) fillErased(ctx context.Context) {
	if len(t.commit.Erased) == 0 {
		return
	}
	t.begin("hset", t.keys.erasing(t.shard))
	for _, e := range t.commit.Erased {
		t.add(e.Name, fmt.Sprintf("%d %d %s", e.At, e.Version, e.Request))
	}
	t.end(ctx)
}

// Erasing returns the erasures of a shard that are not complete, by the names
// of their entries in the catalog.
func (s *Store) Erasing(ctx context.Context, shard int) (map[string]Erasing, error) {
	stored := map[string]string{}
	if err := s.eachErasing(ctx, s.keys.erasing(shard), stored); err != nil {
		return nil, err
	}
	left := make(map[string]Erasing, len(stored))
	for name, text := range stored {
		e := Erasing{stored: text}
		if _, err := fmt.Sscanf(text, "%d %d %s", &e.At, &e.Version, &e.Request); err != nil {
			return nil, final("%s holds %q for %s, which is no time, version and request", s.keys.erasing(shard), text, name)
		}
		left[name] = e
	}
	return left, nil
}

// eachErasing adds the fields of a hash of erasures to others.
func (s *Store) eachErasing(ctx context.Context, key string, to map[string]string) error {
	err := s.retry(ctx, "reading erasures", func(ctx context.Context) error {
		for cursor := uint64(0); ; {
			page, next, err := s.client.HScan(ctx, key, cursor, "", catalogPage).Result()
			if err != nil {
				return err
			}
			for pair := range slices.Chunk(page, 2) {
				to[pair[0]] = pair[1]
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	})
	if err != nil {
		return fmt.Errorf("reading %s: %w", key, err)
	}
	return nil
}

// writeErasing has the owner of a new shard complete what the old ones have
// left: it can't be told whose entries have come to which shard.
func (c *copying) writeErasing(ctx context.Context, shard int, erasing map[string]string) error {
	if len(erasing) == 0 {
		return nil
	}
	var pairs []any
	for _, name := range slices.Sorted(maps.Keys(erasing)) {
		pairs = append(pairs, name, erasing[name])
	}
	return c.store.retry(ctx, "writing erasures", func(ctx context.Context) error {
		for part := range slices.Chunk(pairs, 2*catalogChunk) {
			if err := c.store.client.HSet(ctx, c.new.erasing(shard), part...).Err(); err != nil {
				return err
			}
		}
		return nil
	})
}

// Erased says that an erasure is complete in a shard. One of the same profile
// that came since stays.
func (s *Store) Erased(ctx context.Context, shard int, name string, e Erasing) error {
	key := s.keys.erasing(shard)
	remove := func(tx *redis.Tx) error {
		stored, err := tx.HGet(ctx, key, name).Result()
		if errors.Is(err, redis.Nil) || err == nil && stored != e.stored {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.HDel(ctx, key, name)
			return nil
		})
		return err
	}
	err := s.retry(ctx, "completing an erasure", func(ctx context.Context) error {
		for {
			err := s.client.Watch(ctx, remove, key)
			if !errors.Is(err, redis.TxFailedErr) || ctx.Err() != nil {
				return err
			}
			// The owner has erased another profile meanwhile.
		}
	})
	if err != nil {
		return fmt.Errorf("completing an erasure in %s: %w", key, err)
	}
	return nil
}

// ErasureState is how far the erasure of a profile is.
type ErasureState struct {
	Known    bool  // whether the profile was ever erased
	Until    int64 // its events are passed over before that, ms since 1970 UTC
	At       int64 // when it was erased, ms since 1970 UTC of stream time
	Request  string
	Complete bool // whether nothing is left to be done in the shard
}

// ErasureState reads how far the erasure of a profile is in its shard. It
// disturbs no owner.
func (s *Store) ErasureState(ctx context.Context, shard int, profile string) (ErasureState, error) {
	return s.ErasureNamed(ctx, shard, pipeline.ErasedName(profile))
}

// ErasureNamed is ErasureState by the name that the profile's erasure has in
// the catalog, for who does not know the profile's id.
func (s *Store) ErasureNamed(ctx context.Context, shard int, name string) (ErasureState, error) {
	var entry, left *redis.StringCmd
	err := s.retry(ctx, "reading an erasure", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		entry, left = pipe.HGet(ctx, s.keys.catalog(shard), name), pipe.HGet(ctx, s.keys.erasing(shard), name)
		commands, err := pipe.Exec(ctx)
		return beyondAbsence(commands, err)
	})
	if err != nil {
		return ErasureState{}, fmt.Errorf("reading an erasure of shard %d: %w", shard, err)
	}
	e, known := pipeline.ReadErasure(entry.Val())
	return ErasureState{Known: known, Until: e.Until, At: e.At, Request: e.Request, Complete: known && left.Val() == ""}, nil
}

// OutboxEnd returns the number of the newest entry that a shard's outbox has
// got, whether it is still there or not.
func (s *Store) OutboxEnd(ctx context.Context, shard int) (number int64, err error) {
	err = s.retry(ctx, "reading the outbox's end", func(ctx context.Context) error {
		m, err := readMeta(ctx, s.client, s.keys.meta(shard))
		number = m.outbox
		return err
	})
	return number, err
}

// Destinations returns the names of the destinations that have ever begun. One
// that was taken out of the file of destinations is among them.
func (s *Store) Destinations(ctx context.Context) ([]string, error) { return s.knownDestinations(ctx) }
