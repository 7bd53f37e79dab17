package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// ErrNothing is returned when there is nothing to give up or to drop.
var ErrNothing = errors.New("there is nothing to do")

// dropChunk is how many keys one pipeline removes.
const dropChunk = 1000

// DropOld removes the layout that the last reshard has left, and returns it.
// It may be repeated after a failure. ErrNothing when there is none.
func (s *Store) DropOld(ctx context.Context, progress func(Progress)) (Layout, error) {
	l, err := s.deployment(ctx)
	if err == nil && l.Old == nil {
		err = fmt.Errorf("no reshard has left a layout: %w", ErrNothing)
	}
	if err == nil {
		err = s.dropLayout(ctx, *l.Old, progress)
	}
	if err == nil {
		err = s.forget(ctx, fieldOld)
	}
	if err != nil {
		return Layout{}, fmt.Errorf("dropping the old layout: %w", err)
	}
	return *l.Old, nil
}

// Abandon gives up the reshard under way, as if it had never begun, and
// returns the layout that stays. It may be repeated after a failure.
// ErrNothing when there is none, as after Switch.
func (s *Store) Abandon(ctx context.Context, progress func(Progress)) (Layout, error) {
	l, err := s.deployment(ctx)
	if err == nil && l.Next == nil {
		err = fmt.Errorf("no reshard is under way: %w", ErrNothing)
	}
	if err == nil {
		err = s.dropLayout(ctx, *l.Next, progress)
	}
	if err == nil {
		err = s.unseal(ctx, l.Current)
	}
	if err == nil {
		err = s.forget(ctx, fieldNext, fieldCopied)
	}
	if err != nil {
		return Layout{}, fmt.Errorf("abandoning the reshard: %w", err)
	}
	return l.Current, nil
}

func (s *Store) unseal(ctx context.Context, l Layout) error {
	for shard := range l.Shards {
		err := s.retry(ctx, "unsealing", func(ctx context.Context) error {
			return s.client.HDel(ctx, s.keys.of(l).meta(shard), "sealed").Err()
		})
		if err != nil {
			return fmt.Errorf("unsealing shard %d: %w", shard, err)
		}
	}
	return nil
}

func (s *Store) forget(ctx context.Context, fields ...string) error {
	return s.retry(ctx, "writing deployment", func(ctx context.Context) error {
		return s.client.HDel(ctx, s.keys.deployment(), fields...).Err()
	})
}

// dropLayout removes all keys of a layout. A shard's list of names goes
// last, because it is what tells the member sets.
func (s *Store) dropLayout(ctx context.Context, l Layout, progress func(Progress)) error {
	k := s.keys.of(l)
	destinations, err := s.knownDestinations(ctx)
	if err != nil {
		return err
	}
	chronicles, err := s.chronicles(ctx, l)
	if err != nil {
		return err
	}
	for shard := range l.Shards {
		progress(Progress{"drop", "shards", int64(shard), int64(l.Shards)})
		segments, err := s.segments(ctx, k.names(shard))
		if err != nil {
			return fmt.Errorf("dropping shard %d: %w", shard, err)
		}
		doomed := []string{
			k.timers(shard), k.catalog(shard), k.erasing(shard), k.gaps(shard), k.sizes(shard),
			k.outbox(shard), k.cleaned(shard), k.trail(shard), k.meta(shard),
		}
		flows, err := s.doomedFlows(ctx, k, shard)
		if err != nil {
			return fmt.Errorf("dropping shard %d: %w", shard, err)
		}
		doomed = append(doomed, flows...)
		for bucket := range k.buckets {
			doomed = append(doomed, k.bucket(shard, bucket), k.tails(shard, bucket))
		}
		for _, id := range segments {
			doomed = append(doomed, k.members(shard, id))
		}
		for _, name := range destinations {
			doomed = append(doomed, ledgerKeys(k.ledger(shard, name))...)
		}
		doomed = append(doomed, chronicles(shard)...)
		if err := s.unlink(ctx, append(doomed, k.names(shard))); err != nil {
			return fmt.Errorf("dropping shard %d: %w", shard, err)
		}
	}
	return nil
}

// unlink removes keys in their order.
func (s *Store) unlink(ctx context.Context, doomed []string) error {
	for chunk := range slices.Chunk(doomed, dropChunk) {
		err := s.retry(ctx, "removing keys", func(ctx context.Context) error {
			_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
				for _, key := range chunk {
					pipe.Unlink(ctx, key)
				}
				return nil
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
