package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"muster/profile"
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
	number int
	cursor uint64
	ended  bool
	seen   map[string]struct{} // ids, from the second page on: HSCAN may tell one again

	ids, bases []string // of the page at hand, without those that were seen
}

// EachProfile visits every profile of a shard as it is stored, whoever owns the
// shard, in no order and each once. It reads in pages, so that no command keeps
// Redis busy. The owner may write meanwhile: each profile is as one of its
// commits has left it, and one that is new or erased may be there or not.
func (s *Store) EachProfile(ctx context.Context, shard int, visit func(id, blob string) error) error {
	for first := 0; first < s.keys.buckets; first += eachBuckets {
		var open []*openBucket
		for bucket := first; bucket < min(first+eachBuckets, s.keys.buckets); bucket++ {
			open = append(open, &openBucket{number: bucket})
		}
		for len(open) > 0 {
			var err error
			if open, err = s.readOn(ctx, shard, open, visit); err != nil {
				return fmt.Errorf("reading the profiles of shard %d: %w", shard, err)
			}
		}
	}
	return nil
}

// readOn reads one page of each bucket, and returns those that have more.
func (s *Store) readOn(ctx context.Context, shard int, open []*openBucket, visit func(id, blob string) error) (more []*openBucket, err error) {
	var replies []*redis.ScanCmd
	err = s.retry(ctx, "reading profiles", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		replies = replies[:0]
		for _, one := range open {
			replies = append(replies, pipe.HScan(ctx, s.keys.bucket(shard, one.number), one.cursor, "", eachCount))
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var read []*openBucket // those with profiles on this page
	for i, one := range open {
		if one.take(replies[i].Val()); len(one.ids) > 0 {
			read = append(read, one)
		}
		if !one.ended {
			more = append(more, one)
		}
	}
	return more, s.visitPages(ctx, shard, read, visit)
}

// take takes in the profiles of a page that were not seen before.
func (b *openBucket) take(page []string, next uint64) {
	b.cursor, b.ended, b.ids, b.bases = next, next == 0, nil, nil
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
		b.ids, b.bases = append(b.ids, page[i]), append(b.bases, page[i+1])
	}
}

// visitPages reads the tails of some pages and visits their profiles.
func (s *Store) visitPages(ctx context.Context, shard int, pages []*openBucket, visit func(id, blob string) error) error {
	if len(pages) == 0 {
		return nil
	}
	var ids, blobs []string
	err := s.retry(ctx, "reading traits of profiles", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		var replies []*redis.SliceCmd
		for _, one := range pages {
			replies = append(replies, pipe.HMGet(ctx, s.keys.tails(shard, one.number), one.ids...))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		ids, blobs = ids[:0], blobs[:0]
		for i, one := range pages {
			for j, value := range replies[i].Val() {
				tail, _ := value.(string) // nil where there is none
				ids, blobs = append(ids, one.ids[j]), append(blobs, profile.Join(one.bases[j], tail))
			}
		}
		return s.mend(ctx, s.keys, shard, ids, blobs)
	})
	if err != nil {
		return err
	}
	for i, id := range ids {
		if blobs[i] == "" {
			continue // it was erased in between
		}
		if err := visit(id, blobs[i]); err != nil {
			return err
		}
	}
	return nil
}
