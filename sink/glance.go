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
	var g Glance
	key := s.keys.meta(shard)
	err := s.retry(ctx, "reading shard", func(ctx context.Context) error {
		values, err := s.client.HMGet(ctx, key, glanceFields...).Result()
		if err == nil {
			g, err = glanceOf(key, values)
		}
		return err
	})
	if err != nil {
		return Glance{}, fmt.Errorf("looking at shard %d: %w", shard, err)
	}
	if g.Names, err = s.Names(ctx, shard, 0); err != nil {
		return Glance{}, err
	}
	return g, nil
}

// glanceFields are the fields of the meta hash that Glance is made of. Each
// look-up of a profile reads them, so there are no others.
var glanceFields = []string{"next", "clock", "rules", "generation", "swept", "sweep"}

// glanceOf reads the fields of glanceFields. It leaves out the names.
func glanceOf(key string, values []any) (Glance, error) {
	var text [6]string
	for i := range text {
		text[i], _ = values[i].(string) // nil for a field that is absent
	}
	var next, clock, generation, swept, sweep int64
	for i, number := range [...]*int64{0: &next, 1: &clock, 3: &generation, 4: &swept, 5: &sweep} {
		if number == nil {
			continue
		}
		if err := parse(key, glanceFields[i], text[i], number); err != nil {
			return Glance{}, err
		}
	}
	if text[0] == "" {
		next = -1
	}
	if sweep != generation {
		swept = 0 // it is of other rules
	}
	return Glance{Next: next, Clock: clock, Rules: text[2], Generation: uint64(generation), Swept: uint64(swept)}, nil
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
				replies = append(replies, pipe.HMGet(ctx, s.keys.meta(shard), glanceFields...))
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking at all shards: %w", err)
		}
		for i, reply := range replies {
			g, err := glanceOf(s.keys.meta(first+i), reply.Val())
			if err != nil {
				return nil, fmt.Errorf("looking at all shards: %w", err)
			}
			glances = append(glances, g)
		}
	}
	return glances, nil
}
