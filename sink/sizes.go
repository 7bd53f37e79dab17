package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

const (
	sizesChunk = 100  // shards read in one pipeline
	sizesPage  = 1000 // segments a reply of HSCAN brings, roughly
)

// Sizes returns the number of members by segment, summed over all shards.
// Shards are read one after the other, and many segments in pages, so the sum
// is of no single instant.
func (s *Store) Sizes(ctx context.Context) (map[string]int64, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading sizes: %w", err)
	}
	sum := map[string]int64{}
	for first := 0; first < shards; first += sizesChunk {
		var left []*sizesOf
		for shard := first; shard < min(first+sizesChunk, shards); shard++ {
			left = append(left, &sizesOf{key: s.keys.sizes(shard), sizes: map[string]int64{}})
		}
		all := left
		for len(left) > 0 {
			if left, err = s.sizesPage(ctx, left); err != nil {
				return nil, fmt.Errorf("reading sizes: %w", err)
			}
		}
		for _, one := range all {
			for segment, size := range one.sizes {
				sum[segment] += size
			}
		}
	}
	return sum, nil
}

// sizesOf are the sizes of one shard as far as they are read. A segment may
// come twice while the hash grows; the last counts.
type sizesOf struct {
	key    string
	cursor uint64
	sizes  map[string]int64
}

// sizesPage reads one page of each shard and returns those that have more.
func (s *Store) sizesPage(ctx context.Context, shards []*sizesOf) (left []*sizesOf, err error) {
	var replies []*redis.ScanCmd
	err = s.retry(ctx, "reading sizes", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		replies = replies[:0]
		for _, one := range shards {
			replies = append(replies, pipe.HScan(ctx, one.key, one.cursor, "", sizesPage))
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, one := range shards {
		page, cursor := replies[i].Val()
		for ; len(page) > 1; page = page[2:] {
			var size int64
			if err := parse(one.key, page[0], page[1], &size); err != nil {
				return nil, err
			}
			one.sizes[page[0]] = size
		}
		if one.cursor = cursor; cursor != 0 {
			left = append(left, one)
		}
	}
	return left, nil
}
