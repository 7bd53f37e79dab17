package sink

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// countPage is how many changes of an outbox are read at a time to be counted.
const countPage = 10_000

// Weight is what all shards of a layout hold.
type Weight struct {
	Profiles int64
	Timers   int64
	Members  int64 // entries of member sets
	Outbox   int64 // changes in outboxes
	Longest  int64 // changes in the longest outbox
	// Recounts is how many segments had another stored size than the profiles
	// say, whose count is what the new shards have. Only Copy tells.
	Recounts int64
}

// Weigh counts what a reshard of the current layout would move.
func (s *Store) Weigh(ctx context.Context) (Weight, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return Weight{}, fmt.Errorf("counting: %w", err)
	}
	weight, err := s.weigh(ctx, s.keys, shards)
	if err != nil {
		return Weight{}, fmt.Errorf("counting: %w", err)
	}
	return weight, nil
}

// weigh counts what the shards of a layout hold.
func (s *Store) weigh(ctx context.Context, k keys, shards int) (w Weight, err error) {
	if w.Outbox, w.Longest, err = s.outboxes(ctx, k, shards); err != nil {
		return w, err
	}
	for shard := range shards {
		counts, err := s.countBuckets(ctx, k, shard)
		if err != nil {
			return w, err
		}
		for _, n := range counts {
			w.Profiles += n
		}
		members, timers, err := s.countMembers(ctx, k, shard)
		if err != nil {
			return w, err
		}
		w.Members += members
		w.Timers += timers
	}
	return w, nil
}

// countMembers returns the entries of a shard's member sets and its timers.
func (s *Store) countMembers(ctx context.Context, k keys, shard int) (members, timers int64, err error) {
	segments, err := s.segments(ctx, k.names(shard))
	if err != nil {
		return 0, 0, err
	}
	err = s.retry(ctx, "counting timers", func(ctx context.Context) error {
		timers, err = s.client.ZCard(ctx, k.timers(shard)).Result()
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	for chunk := range slices.Chunk(segments, setsChunk) {
		var sizes []*redis.IntCmd
		err := s.retry(ctx, "counting members", func(ctx context.Context) error {
			pipe := s.client.Pipeline()
			sizes = sizes[:0]
			for _, id := range chunk {
				sizes = append(sizes, pipe.SCard(ctx, k.members(shard, id)))
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return 0, 0, err
		}
		for _, size := range sizes {
			members += size.Val()
		}
	}
	return members, timers, nil
}

// outboxes returns the changes in some shards' outboxes, and those in the longest.
func (s *Store) outboxes(ctx context.Context, k keys, shards int) (sum, longest int64, err error) {
	for shard := range shards {
		n, err := s.countChanges(ctx, k.outbox(shard))
		if err != nil {
			return sum, longest, err
		}
		sum, longest = sum+n, max(longest, n)
	}
	return sum, longest, nil
}

// countChanges counts the changes in an outbox. Where each has an entry of its
// own and none was removed from between others, Redis knows how many there are.
// Else they are read.
func (s *Store) countChanges(ctx context.Context, key string) (n int64, err error) {
	err = s.retry(ctx, "counting outbox", func(ctx context.Context) (err error) {
		n, err = s.client.XLen(ctx, key).Result()
		return err
	})
	if err != nil || n == 0 {
		return 0, err
	}
	newest := &reading{texts: map[string]string{}, backwards: true}
	if _, err := s.read(ctx, newest, key, "xrevrange", "+", "-", "count", 1); err != nil {
		return 0, err
	}
	oldest, err := s.changes(ctx, key, "", 1)
	if err != nil {
		return 0, err
	}
	if len(oldest) > 0 && (Entry{ID: newest.last}).Number()-oldest[0].Number()+1 == n {
		return n, nil
	}
	n = 0
	for after := ""; ; {
		page, err := s.changes(ctx, key, after, countPage)
		if err != nil {
			return 0, err
		}
		if n += int64(len(page)); len(page) < countPage {
			return n, nil
		}
		after = page[len(page)-1].ID
	}
}
