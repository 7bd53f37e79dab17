package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

const (
	// scanBuckets bounds the buckets that one Scan looks at. Empty ones take
	// Redis well under a microsecond each.
	scanBuckets = 512
	// scanAhead is how many buckets one pipeline asks for their lengths, which
	// tell how many of them are to be read.
	scanAhead = 128
)

var _ pipeline.Scanner = (*Store)(nil)

// Count implements pipeline.Scanner.
func (s *Store) Count(ctx context.Context, shard int) (profiles int64, buckets int, err error) {
	epoch, err := s.own(shard)
	for first := 0; err == nil && first < s.keys.buckets; first += countChunk {
		var lengths []int64
		lengths, err = s.lengths(ctx, shard, epoch, first, countChunk)
		for _, n := range lengths {
			profiles += n
		}
	}
	if err != nil {
		return 0, 0, fmt.Errorf("counting profiles of shard %d: %w", shard, err)
	}
	return profiles, s.keys.buckets, nil
}

// Scan implements pipeline.Scanner. It first asks how many profiles the next
// buckets have, and then for those of as many as are needed, so that it takes
// a few round trips however full or empty they are. Within them the memory
// that a reply takes is bounded by limit and the profiles of one bucket.
func (s *Store) Scan(ctx context.Context, shard, bucket, limit int) (profiles []string, next int, err error) {
	epoch, err := s.own(shard)
	if err == nil && bucket < 0 {
		err = fmt.Errorf("bucket %d is negative", bucket)
	}
	if err == nil {
		var filled []int
		if filled, next, err = s.choose(ctx, shard, epoch, min(bucket, s.keys.buckets), limit); err == nil {
			profiles, err = s.list(ctx, shard, epoch, filled)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("scanning shard %d from bucket %d: %w", shard, bucket, err)
	}
	return profiles, next, nil
}

// choose returns the buckets with profiles among those that a Scan returns,
// and the bucket that the next one begins with.
func (s *Store) choose(ctx context.Context, shard int, epoch int64, bucket, limit int) (filled []int, next int, err error) {
	found, end := int64(0), min(bucket+scanBuckets, s.keys.buckets)
	for bucket < end {
		lengths, err := s.lengths(ctx, shard, epoch, bucket, min(scanAhead, end-bucket))
		if err != nil {
			return nil, 0, err
		}
		for _, n := range lengths {
			if n > 0 {
				filled = append(filled, bucket)
			}
			bucket++
			if found += n; found >= int64(limit) {
				return filled, bucket, nil
			}
		}
	}
	return filled, bucket, nil
}

// lengths returns how many profiles up to count buckets have, from one on.
func (s *Store) lengths(ctx context.Context, shard int, epoch int64, first, count int) (lengths []int64, err error) {
	last := min(first+count, s.keys.buckets)
	var replies []*redis.IntCmd
	err = s.asOwner(ctx, "counting profiles", shard, epoch, func(pipe redis.Pipeliner) {
		replies = replies[:0]
		for bucket := first; bucket < last; bucket++ {
			replies = append(replies, pipe.HLen(ctx, s.keys.bucket(shard, bucket)))
		}
	})
	for _, reply := range replies {
		lengths = append(lengths, reply.Val())
	}
	return lengths, err
}

// list returns the profiles of some buckets.
func (s *Store) list(ctx context.Context, shard int, epoch int64, buckets []int) (profiles []string, err error) {
	var replies []*redis.StringSliceCmd
	err = s.asOwner(ctx, "listing profiles", shard, epoch, func(pipe redis.Pipeliner) {
		replies = replies[:0]
		for _, bucket := range buckets {
			replies = append(replies, pipe.HKeys(ctx, s.keys.bucket(shard, bucket)))
		}
	})
	for _, reply := range replies {
		profiles = append(profiles, reply.Val()...)
	}
	return profiles, err
}

// asOwner reads something of a shard by one pipeline, and its epoch behind it
// as Load does.
func (s *Store) asOwner(ctx context.Context, operation string, shard int, epoch int64, ask func(redis.Pipeliner)) error {
	return s.retry(ctx, operation, func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		ask(pipe)
		current := pipe.HGet(ctx, s.keys.meta(shard), "epoch")
		commands, err := pipe.Exec(ctx)
		if err := beyondAbsence(commands, err); err != nil {
			return err
		}
		return s.stillOwn(shard, epoch, current)
	})
}
