package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Roll is some stored profiles of a shard as of one moment.
type Roll struct {
	Profiles map[string]string // versioned binary profiles, by id
	Next     int               // bucket that the roll behind begins with; 0 when there is none
	Outbox   int64             // number of the newest outbox entry
	Clock    int64             // stream time, ms since 1970 UTC
}

// Roll reads the profiles of a shard from a bucket on, until there are limit or
// a bucket's more. Anyone may ask: it does not matter who owns the shard. All
// of a roll is read at once, so the profiles have in them what the outbox has.
func (s *Store) Roll(ctx context.Context, shard, bucket, limit int) (Roll, error) {
	var r Roll
	err := s.retry(ctx, "reading profiles", func(ctx context.Context) error {
		filled, next, err := s.filled(ctx, shard, bucket, limit)
		if err != nil {
			return err
		}
		r = Roll{Profiles: map[string]string{}, Next: next}
		return s.readRoll(ctx, shard, filled, &r)
	})
	if err != nil {
		return Roll{}, fmt.Errorf("reading the profiles of shard %d from bucket %d: %w", shard, bucket, err)
	}
	return r, nil
}

// filled returns the buckets with profiles that make up a roll, and the bucket
// behind them, 0 when there is none.
func (s *Store) filled(ctx context.Context, shard, bucket, limit int) (filled []int, next int, err error) {
	found := int64(0)
	for bucket < s.keys.buckets {
		last := min(bucket+scanAhead, s.keys.buckets)
		pipe := s.client.Pipeline()
		var lengths []*redis.IntCmd
		for b := bucket; b < last; b++ {
			lengths = append(lengths, pipe.HLen(ctx, s.keys.bucket(shard, b)))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, 0, err
		}
		for _, n := range lengths {
			if n.Val() > 0 {
				filled = append(filled, bucket)
			}
			bucket++
			if found += n.Val(); found >= int64(limit) && bucket < s.keys.buckets {
				return filled, bucket, nil
			}
		}
	}
	return filled, 0, nil
}

func (s *Store) readRoll(ctx context.Context, shard int, buckets []int, r *Roll) error {
	var meta *redis.SliceCmd
	var replies []*redis.MapStringStringCmd
	_, err := s.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		key := s.keys.meta(shard)
		meta = pipe.HMGet(ctx, key, "outbox", "clock")
		for _, bucket := range buckets {
			replies = append(replies, pipe.HGetAll(ctx, s.keys.bucket(shard, bucket)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, number := range []*int64{&r.Outbox, &r.Clock} {
		text, _ := meta.Val()[i].(string)
		if err := parse(s.keys.meta(shard), metaFields[3-i], text, number); err != nil {
			return err
		}
	}
	for _, reply := range replies {
		for id, blob := range reply.Val() {
			r.Profiles[id] = blob
		}
	}
	return nil
}

// Names returns the names that the profiles of a shard mention by position,
// from one on. They only grow: those that were read before a profile may not
// be enough for it, and those that are read behind it are.
func (s *Store) Names(ctx context.Context, shard, first int) ([]string, error) {
	var names []string
	for {
		var page []string
		from := int64(first + len(names))
		err := s.retry(ctx, "reading names", func(ctx context.Context) (err error) {
			page, err = s.client.LRange(ctx, s.keys.names(shard), from, from+namesPage-1).Result()
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking at the names of shard %d: %w", shard, err)
		}
		if names = append(names, page...); len(page) < namesPage {
			return names, nil
		}
	}
}
