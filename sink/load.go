package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// loadChunk is how many profiles one pipeline asks for. It bounds the memory
// that a reply takes in Redis.
const loadChunk = 1000

// Load implements pipeline.Store. The epoch is read after the profiles, over
// the same connection: if it is still the one this store was opened with,
// the profiles were this owner's too. An owner that was replaced thus never
// sees a profile that refers to names it does not know.
func (s *Store) Load(ctx context.Context, shard int, profiles []string) ([]string, error) {
	epoch, opened := s.epoch(shard)
	if !opened {
		return nil, fmt.Errorf("loading from shard %d: this store has not opened it", shard)
	}
	blobs := make([]string, 0, len(profiles))
	for chunk := range slices.Chunk(profiles, loadChunk) {
		var part []string
		err := s.retry(ctx, "loading", func(ctx context.Context) (err error) {
			part, err = s.loadChunk(ctx, shard, epoch, chunk)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("loading %d profiles of shard %d: %w", len(profiles), shard, err)
		}
		blobs = append(blobs, part...)
	}
	return blobs, nil
}

func (s *Store) loadChunk(ctx context.Context, shard int, epoch int64, profiles []string) ([]string, error) {
	fields, places := s.byBucket(shard, profiles)
	pipe := s.client.Pipeline()
	replies := make(map[string]*redis.SliceCmd, len(fields))
	for key, ids := range fields {
		replies[key] = pipe.HMGet(ctx, key, ids...)
	}
	current := pipe.HGet(ctx, s.keys.meta(shard), "epoch")
	if commands, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, firstOf(commands, err)
	}
	if got, err := current.Int64(); err != nil || got != epoch {
		err = final("epoch is %q, not %d: %w", current.Val(), epoch, pipeline.ErrFenced)
		s.cfg.Observer.fenced(shard, err)
		return nil, err
	}
	blobs := make([]string, len(profiles))
	for key, reply := range replies {
		for i, value := range reply.Val() {
			blobs[places[key][i]], _ = value.(string) // nil for a profile that does not exist
		}
	}
	return blobs, nil
}

// firstOf returns the first error that is a command's own, with its key, or
// else the error of all.
func firstOf(commands []redis.Cmder, err error) error {
	for _, command := range commands {
		if own := command.Err(); own != nil && answered(own) && !errors.Is(own, redis.Nil) {
			return fmt.Errorf("reading %v: %w", command.Args()[1], own)
		}
	}
	return err
}

// byBucket groups profiles by the hash that holds them, and says at which
// position of profiles each was.
func (s *Store) byBucket(shard int, profiles []string) (fields map[string][]string, places map[string][]int) {
	fields, places = map[string][]string{}, map[string][]int{}
	for i, profile := range profiles {
		key := s.keys.profiles(shard, profile)
		fields[key] = append(fields[key], profile)
		places[key] = append(places[key], i)
	}
	return fields, places
}
