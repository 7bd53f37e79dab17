package sink

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// timerPage is how many timers one reply brings.
const timerPage = 10_000

// epochStep bounds the random step between epochs. A failover can lose an
// epoch that was given out; a random step keeps the next owner from getting
// the same one, and so from being mistaken for it.
const epochStep = 1 << 20

// Open implements pipeline.Store. It returns ErrBroken for a shard that a
// transaction was applied to in part, ErrMismatch for one of another schema,
// ErrSealed for one whose profiles are being resharded or have been, and
// ErrNotInitialised where Redis has come back empty; all leave what is stored
// as it is.
func (s *Store) Open(ctx context.Context, shard int) (pipeline.State, error) {
	if err := s.stands(ctx); err != nil {
		return pipeline.State{}, fmt.Errorf("opening shard %d: %w", shard, err)
	}
	var state pipeline.State
	err := s.retry(ctx, "opening", func(ctx context.Context) error {
		before, err := readMeta(ctx, s.client, s.keys.meta(shard))
		if err != nil {
			return err
		}
		if err := s.usable(shard, before); err != nil {
			return err
		}
		if before.sealed != "" {
			return s.sealed(shard, before)
		}
		state, err = s.takeOver(ctx, shard)
		return err
	})
	if err != nil {
		return pipeline.State{}, fmt.Errorf("opening shard %d: %w", shard, err)
	}
	s.setEpoch(shard, state.Epoch)
	s.expiries.forget() // Redis may have lost writes
	return state, nil
}

// stands refuses to begin shards anew where a deployment was.
func (s *Store) stands(ctx context.Context) error {
	l, err := s.deployment(ctx)
	if err != nil {
		return err
	}
	if err := s.current(l); err != nil {
		return fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return nil
}

func (s *Store) sealed(shard int, m meta) error {
	return final("%s is sealed, its profiles belong to %s: start this process again, with the topic of that layout "+
		"as kafka.keyed: %w", s.keys.meta(shard), m.sealed, ErrSealed)
}

func (s *Store) usable(shard int, m meta) error {
	if m.broken != "" {
		return final("%s has field broken: %s (restore the shard from a backup, "+
			"or remove the field to accept its state): %w", s.keys.meta(shard), m.broken, ErrBroken)
	}
	if m.schema != "" && m.schema != fmt.Sprint(schema) {
		return final("%s has schema %q, this version reads %d: %w", s.keys.meta(shard), m.schema, schema, ErrMismatch)
	}
	return nil
}

// takeOver raises the epoch, which fails every transaction the owner before
// still has on its way, and then reads what from now on nobody else changes.
func (s *Store) takeOver(ctx context.Context, shard int) (pipeline.State, error) {
	key := s.keys.meta(shard)
	pipe := s.client.TxPipeline()
	raised := pipe.HIncrBy(ctx, key, "epoch", 1+rand.Int64N(epochStep))
	pipe.HSetNX(ctx, key, "schema", schema)
	if commands, err := pipe.Exec(ctx); err != nil {
		return pipeline.State{}, fmt.Errorf("raising epoch: %w", refusal(commands, err))
	}
	m, err := readMeta(ctx, s.client, key)
	if err != nil {
		return pipeline.State{}, err
	}
	if m.sealed != "" { // since it was looked at
		return pipeline.State{}, s.sealed(shard, m)
	}
	s.beginChronicle(shard, &m)
	if err := s.beginMilestones(ctx, shard); err != nil {
		return pipeline.State{}, fmt.Errorf("reading milestones: %w", err)
	}
	if err := s.markFlows(ctx, shard, &m); err != nil {
		return pipeline.State{}, fmt.Errorf("marking flows: %w", err)
	}
	names, err := s.client.LRange(ctx, s.keys.names(shard), 0, -1).Result()
	if err != nil {
		return pipeline.State{}, fmt.Errorf("reading names: %w", err)
	}
	catalog, err := readCatalog(ctx, s.client, s.keys.catalog(shard))
	if err != nil {
		return pipeline.State{}, fmt.Errorf("reading catalog: %w", err)
	}
	gaps, err := readGaps(ctx, s.client, s.keys.gaps(shard))
	if err != nil {
		return pipeline.State{}, fmt.Errorf("reading gaps: %w", err)
	}
	timers, err := readTimers(ctx, s.client, s.keys.timers(shard))
	if err != nil {
		return pipeline.State{}, fmt.Errorf("reading timers: %w", err)
	}
	return pipeline.State{
		Epoch: raised.Val(), Next: m.next, Clock: m.clock, Outbox: m.outbox,
		Rules: m.rules, Generation: m.generation, Names: names, Timers: timers, Gaps: gaps,
		Swept: m.swept, Bucket: m.bucket, Catalog: catalog, Anchor: m.anchor,
	}, nil
}

func readTimers(ctx context.Context, c redis.Cmdable, key string) ([]pipeline.Timer, error) {
	var timers []pipeline.Timer
	for {
		first := int64(len(timers))
		page, err := c.ZRangeWithScores(ctx, key, first, first+timerPage-1).Result()
		if err != nil {
			return nil, err
		}
		for _, z := range page {
			profile, _ := z.Member.(string)
			timers = append(timers, pipeline.Timer{Profile: profile, At: int64(z.Score)})
		}
		if len(page) < timerPage {
			return timers, nil
		}
	}
}
