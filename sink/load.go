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
	epoch, err := s.own(shard)
	if err != nil {
		return nil, fmt.Errorf("loading from shard %d: %w", shard, err)
	}
	blobs := make([]string, 0, len(profiles))
	for chunk := range slices.Chunk(profiles, loadChunk) {
		err := s.retry(ctx, "loading", func(ctx context.Context) error {
			more, err := s.loadChunk(ctx, shard, epoch, blobs, chunk)
			if err == nil {
				blobs = more
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("loading %d profiles of shard %d: %w", len(profiles), shard, err)
		}
	}
	return blobs, nil
}

// loadChunk appends the blobs of some profiles.
func (s *Store) loadChunk(ctx context.Context, shard int, epoch int64, blobs, profiles []string) ([]string, error) {
	d := s.draft()
	defer s.release(d)
	d.ask(ctx, s.keys, shard, profiles)
	pipe := s.client.Pipeline()
	_ = pipe.BatchProcess(ctx, d.commands...) // queues them and can't fail
	current := pipe.HGet(ctx, s.keys.meta(shard), "epoch")
	commands, err := pipe.Exec(ctx)
	if err := beyondAbsence(commands, err); err != nil {
		return nil, err
	}
	if err := s.stillOwn(shard, epoch, current); err != nil {
		return nil, err
	}
	return appendBlobs(blobs, d.commands), nil
}

// ask puts the commands that load profiles into a draft: two, for their bases
// and for their tails, for all those in turn that are in the same bucket, as
// those of a sweep are. Of the others, which events bring, hardly two share one.
func (d *draft) ask(ctx context.Context, keys keys, shard int, profiles []string) {
	for begin := 0; begin < len(profiles); {
		number, end := bucket(profiles[begin], keys.buckets), begin+1
		for end < len(profiles) && bucket(profiles[end], keys.buckets) == number {
			end++
		}
		d.askHash(ctx, d.piece(keys.appendBucket(d.letters, shard, number)), profiles[begin:end])
		d.askHash(ctx, d.piece(keys.appendTails(d.letters, shard, number)), profiles[begin:end])
		begin = end
	}
}

func (d *draft) askHash(ctx context.Context, key *piece, profiles []string) {
	if len(profiles) == 1 {
		d.begin("hget", key, &profiles[0])
		d.endValue(ctx)
		return
	}
	d.begin("hmget", key)
	for i := range profiles {
		d.add(&profiles[i])
	}
	d.commands = append(d.commands, redis.NewSliceCmd(ctx, d.own()...))
}

// stillOwn returns ErrFenced unless a shard's epoch, as it was read, is the
// one that this store was opened with.
func (s *Store) stillOwn(shard int, epoch int64, current *redis.StringCmd) error {
	got, err := current.Int64()
	if err == nil && got == epoch {
		return nil
	}
	err = final("epoch is %q, not %d: %w", current.Val(), epoch, pipeline.ErrFenced)
	s.cfg.Observer.fenced(shard, err)
	return err
}

// beyondAbsence returns the first error that says more than that something
// does not exist, with its key if it is Redis' answer. The error of a whole
// pipeline is no more than that of its first command that has one.
func beyondAbsence(commands []redis.Cmder, err error) error {
	for _, command := range commands {
		own := command.Err()
		switch {
		case own == nil || errors.Is(own, redis.Nil):
		case answered(own):
			return fmt.Errorf("reading %v: %w", command.Args()[1], own)
		default:
			return own
		}
	}
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}
