package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// namesPage is how many names one reply brings.
const namesPage = 5000

// Glance is what anybody may know of a shard, whoever owns it.
type Glance struct {
	Next       int64    // offset of the next record to apply; -1 on a new shard
	Clock      int64    // stream time of the last commit, ms since 1970 UTC; 0 on a new shard
	Rules      string   // fingerprint of the rule set of the last commit
	Generation uint64   // of that rule set
	Swept      uint64   // newest generation that every profile was looked at for
	Names      []string // what profiles mention by position
}

// Glance reads what a shard's profiles are read with. It raises no epoch and
// disturbs no owner. Names only grow, so a profile that was read before can be
// decoded with them; one that is read later may have newer ones.
func (s *Store) Glance(ctx context.Context, shard int) (Glance, error) {
	var m meta
	err := s.retry(ctx, "reading shard", func(ctx context.Context) (err error) {
		m, err = readMeta(ctx, s.client, s.keys.meta(shard))
		return err
	})
	if err != nil {
		return Glance{}, fmt.Errorf("looking at shard %d: %w", shard, err)
	}
	g := m.glance()
	if g.Names, err = s.Names(ctx, shard, 0); err != nil {
		return Glance{}, err
	}
	return g, nil
}

// glance is what anybody may know of a shard, without its names.
func (m *meta) glance() Glance {
	return Glance{Next: m.next, Clock: m.clock, Rules: m.rules, Generation: m.generation, Swept: m.swept}
}

// Glances returns Glance of every shard, without the names. Shards are read in
// pipelines, so it takes few round trips however many there are.
func (s *Store) Glances(ctx context.Context) ([]Glance, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking at all shards: %w", err)
	}
	glances := make([]Glance, 0, shards)
	for first := 0; first < shards; first += sizesChunk {
		var replies []*redis.SliceCmd
		err := s.retry(ctx, "reading shards", func(ctx context.Context) error {
			pipe := s.client.Pipeline()
			replies = replies[:0]
			for shard := first; shard < min(first+sizesChunk, shards); shard++ {
				replies = append(replies, pipe.HMGet(ctx, s.keys.meta(shard), metaFields...))
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking at all shards: %w", err)
		}
		for i, reply := range replies {
			m, err := metaOf(s.keys.meta(first+i), reply.Val())
			if err != nil {
				return nil, fmt.Errorf("looking at all shards: %w", err)
			}
			glances = append(glances, m.glance())
		}
	}
	return glances, nil
}
