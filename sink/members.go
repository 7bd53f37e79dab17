package sink

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

const (
	scanPage   = 1000 // members a reply of SSCAN brings, roughly
	sizesChunk = 100  // shards read in one pipeline
)

// Sizes returns the number of members by segment, summed over all shards.
// Shards are read one after the other, so the sum is of no single instant.
func (s *Store) Sizes(ctx context.Context) (map[string]int64, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading sizes: %w", err)
	}
	sum := map[string]int64{}
	for first := 0; first < shards; first += sizesChunk {
		last := min(first+sizesChunk, shards)
		var replies []*redis.MapStringStringCmd
		err := s.retry(ctx, "reading sizes", func(ctx context.Context) error {
			pipe := s.client.Pipeline()
			replies = replies[:0]
			for shard := first; shard < last; shard++ {
				replies = append(replies, pipe.HGetAll(ctx, s.keys.sizes(shard)))
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading sizes: %w", err)
		}
		for i, reply := range replies {
			for segment, text := range reply.Val() {
				var size int64
				if err := parse(s.keys.sizes(first+i), segment, text, &size); err != nil {
					return nil, fmt.Errorf("reading sizes: %w", err)
				}
				sum[segment] += size
			}
		}
	}
	return sum, nil
}

// Members calls fn with every profile in a segment, in no order, until fn
// returns an error, which it passes on. A profile that enters or leaves
// meanwhile may be seen or not, and while a set grows or shrinks a profile
// may be seen twice.
func (s *Store) Members(ctx context.Context, segment string, fn func(profile string) error) error {
	shards, err := s.shards(ctx)
	if err != nil {
		return fmt.Errorf("reading members of %s: %w", segment, err)
	}
	for shard := range shards {
		if err := s.scan(ctx, s.keys.members(shard, segment), fn); err != nil {
			return fmt.Errorf("reading members of %s: %w", segment, err)
		}
	}
	return nil
}

func (s *Store) scan(ctx context.Context, key string, fn func(string) error) error {
	return s.scanFrom(ctx, key, 0, fn)
}

func (s *Store) scanFrom(ctx context.Context, key string, cursor uint64, fn func(string) error) error {
	for {
		var page []string
		err := s.retry(ctx, "reading members", func(ctx context.Context) (err error) {
			var next uint64
			page, next, err = s.client.SScan(ctx, key, cursor, "", scanPage).Result()
			if err == nil {
				cursor = next
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, profile := range page {
			if err := fn(profile); err != nil {
				return err
			}
		}
		if cursor == 0 {
			return nil
		}
	}
}

// Profile returns a stored profile, nil if there is none. Anyone may ask: it
// does not matter who owns the shard.
func (s *Store) Profile(ctx context.Context, shard int, profile string) ([]byte, error) {
	var blob []byte
	err := s.retry(ctx, "reading profile", func(ctx context.Context) (err error) {
		blob, err = s.client.HGet(ctx, s.keys.profiles(shard, profile), profile).Bytes()
		return err
	})
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading profile of shard %d: %w", shard, err)
	}
	return blob, nil
}
