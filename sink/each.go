package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

const (
	// eachBuckets is how many buckets EachProfile reads at once.
	eachBuckets = 32
	// eachCount is how many profiles of a bucket one reply has, roughly. With
	// blobs of 3 KB a round trip brings up to 10 MB then.
	eachCount = 100
)

// openBucket is a bucket that is being read.
type openBucket struct {
	key    string
	cursor uint64
	ended  bool
	seen   map[string]struct{} // ids, from the second page on: HSCAN may tell one again
}

// EachProfile visits every profile of a shard as it is stored, whoever owns the
// shard, in no order and each once. It reads in pages, so that no command keeps
// Redis busy. The owner may write meanwhile: each profile is as one of its
// commits has left it, and one that is new or erased may be there or not.
func (s *Store) EachProfile(ctx context.Context, shard int, visit func(id, blob string) error) error {
	for first := 0; first < s.keys.buckets; first += eachBuckets {
		var open []*openBucket
		for bucket := first; bucket < min(first+eachBuckets, s.keys.buckets); bucket++ {
			open = append(open, &openBucket{key: s.keys.bucket(shard, bucket)})
		}
		for len(open) > 0 {
			var err error
			if open, err = s.readOn(ctx, open, visit); err != nil {
				return fmt.Errorf("reading the profiles of shard %d: %w", shard, err)
			}
		}
	}
	return nil
}

// readOn reads one page of each bucket, and returns those that have more.
func (s *Store) readOn(ctx context.Context, open []*openBucket, visit func(id, blob string) error) (more []*openBucket, err error) {
	var replies []*redis.ScanCmd
	err = s.retry(ctx, "reading profiles", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		replies = replies[:0]
		for _, one := range open {
			replies = append(replies, pipe.HScan(ctx, one.key, one.cursor, "", eachCount))
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, one := range open {
		page, next := replies[i].Val()
		if err := one.take(page, next, visit); err != nil {
			return nil, err
		}
		if !one.ended {
			more = append(more, one)
		}
	}
	return more, nil
}

// take visits the profiles of a page that were not visited before.
func (b *openBucket) take(page []string, next uint64, visit func(id, blob string) error) error {
	b.cursor, b.ended = next, next == 0
	if b.seen == nil && !b.ended {
		b.seen = map[string]struct{}{}
	}
	for i := 0; i+1 < len(page); i += 2 {
		if _, again := b.seen[page[i]]; again {
			continue
		}
		if b.seen != nil {
			b.seen[page[i]] = struct{}{}
		}
		if err := visit(page[i], page[i+1]); err != nil {
			return err
		}
	}
	return nil
}
