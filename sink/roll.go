package sink

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"muster/profile"
)

// rollBuckets bounds the buckets that one Roll looks at.
const rollBuckets = 512

// Roll is some stored profiles of a shard as of one moment.
type Roll struct {
	Profiles []RolledProfile // in the order of their places
	Next     string          // place behind them where the next roll begins, "" for the end
	Outbox   int64           // number of the newest outbox entry
	Clock    int64           // stream time, ms since 1970 UTC
}

// RolledProfile is one profile of a Roll.
type RolledProfile struct {
	ID    string
	Blob  string // versioned binary profile
	Place string // of this one: a roll from here on begins with the one behind it
}

// Roll reads the profiles of a shard behind a place, "" for the first, until
// there are limit of them or a bucket's more; few or none where most buckets
// are empty. Anyone may ask: it does not matter who owns the shard. All of a
// roll is read in one transaction, so the profiles are what the outbox up to
// its number has made of them. A roll holds limit profiles and those of one
// bucket in memory, at most.
func (s *Store) Roll(ctx context.Context, shard int, place string, limit int) (Roll, error) {
	bucket, behind, within, err := parsePlace(place)
	if err != nil {
		return Roll{}, fmt.Errorf("reading the profiles of shard %d: %w", shard, err)
	}
	var r Roll
	err = s.retry(ctx, "reading profiles", func(ctx context.Context) error {
		filled, next, err := s.filled(ctx, shard, bucket, limit)
		if err != nil {
			return err
		}
		r = Roll{}
		if next < s.keys.buckets {
			r.Next = strconv.Itoa(next)
		}
		return s.readRoll(ctx, shard, filled, &r)
	})
	if err != nil {
		return Roll{}, fmt.Errorf("reading the profiles of shard %d from %q: %w", shard, place, err)
	}
	if within {
		r.Profiles = slices.DeleteFunc(r.Profiles, func(p RolledProfile) bool {
			in, id, _, _ := parsePlace(p.Place)
			return in == bucket && id <= behind
		})
	}
	return r, nil
}

// parsePlace reads a place: "12" is before the profiles of bucket 12, and
// "12 u1" behind u1 in it, which are in the order of their ids.
func parsePlace(place string) (bucket int, behind string, within bool, err error) {
	if place == "" {
		return 0, "", false, nil
	}
	number, behind, within := strings.Cut(place, " ")
	if bucket, err = strconv.Atoi(number); err != nil || bucket < 0 {
		return 0, "", false, final("%q is no place among profiles", place)
	}
	return bucket, behind, within, nil
}

// filled returns the buckets with profiles that make up a roll, and the bucket
// behind them.
func (s *Store) filled(ctx context.Context, shard, bucket, limit int) (filled []int, next int, err error) {
	found, end := int64(0), min(bucket+rollBuckets, s.keys.buckets)
	for bucket < end {
		last := min(bucket+scanAhead, end)
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
			if found += n.Val(); found >= int64(limit) {
				return filled, bucket, nil
			}
		}
	}
	return filled, bucket, nil
}

// readRoll reads buckets together with how far the outbox is.
func (s *Store) readRoll(ctx context.Context, shard int, buckets []int, r *Roll) error {
	key := s.keys.meta(shard)
	var meta *redis.SliceCmd
	bases, tails := make([]*redis.MapStringStringCmd, len(buckets)), make([]*redis.MapStringStringCmd, len(buckets))
	_, err := s.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		meta = pipe.HMGet(ctx, key, "outbox", "clock")
		for i, bucket := range buckets {
			bases[i] = pipe.HGetAll(ctx, s.keys.bucket(shard, bucket))
			tails[i] = pipe.HGetAll(ctx, s.keys.tails(shard, bucket))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, field := range []string{"outbox", "clock"} {
		text, _ := meta.Val()[i].(string)
		if err := parse(key, field, text, []*int64{&r.Outbox, &r.Clock}[i]); err != nil {
			return err
		}
	}
	for i, reply := range bases {
		first := len(r.Profiles)
		for id, base := range reply.Val() {
			r.Profiles = append(r.Profiles, RolledProfile{id, profile.Join(base, tails[i].Val()[id]), strconv.Itoa(buckets[i]) + " " + id})
		}
		slices.SortFunc(r.Profiles[first:], func(a, b RolledProfile) int { return cmp.Compare(a.ID, b.ID) })
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
