package sink

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/profile"
)

// SomeProfiles returns profiles of a shard as they are stored, "" for one that
// does not exist, whoever owns the shard. Each is as one of the owner's commits
// has left it.
func (s *Store) SomeProfiles(ctx context.Context, shard int, profiles []string) ([]string, error) {
	blobs := make([]string, 0, len(profiles))
	for chunk := range slices.Chunk(profiles, loadChunk) {
		err := s.retry(ctx, "reading profiles", func(ctx context.Context) error {
			d := s.draft()
			defer s.release(d)
			d.ask(ctx, s.keys, shard, chunk)
			pipe := s.client.Pipeline()
			_ = pipe.BatchProcess(ctx, d.commands...) // queues them and can't fail
			commands, err := pipe.Exec(ctx)
			if err := beyondAbsence(commands, err); err != nil {
				return err
			}
			more := appendBlobs(blobs, d.commands)
			if err := s.mend(ctx, s.keys, shard, chunk, more[len(blobs):]); err != nil {
				return err
			}
			blobs = more
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading %d profiles of shard %d: %w", len(profiles), shard, err)
		}
	}
	return blobs, nil
}

// CountProfiles returns how many profiles a shard has, whoever owns it.
func (s *Store) CountProfiles(ctx context.Context, shard int) (profiles int64, err error) {
	counts, err := s.countBuckets(ctx, s.keys, shard)
	if err != nil {
		return 0, fmt.Errorf("counting the profiles of shard %d: %w", shard, err)
	}
	for _, n := range counts {
		profiles += n
	}
	return profiles, nil
}

// appendBlobs appends what commands of draft.ask were answered, "" for a profile
// that does not exist.
func appendBlobs(blobs []string, commands []redis.Cmder) []string {
	for i := 0; i+1 < len(commands); i += 2 {
		switch bases := commands[i].(type) {
		case *redis.StringCmd:
			tail, _ := commands[i+1].(*redis.StringCmd)
			blobs = append(blobs, profile.Join(bases.Val(), tail.Val()))
		case *redis.SliceCmd:
			tails, _ := commands[i+1].(*redis.SliceCmd)
			blobs = appendJoined(blobs, bases.Val(), tails.Val())
		}
	}
	return blobs
}
