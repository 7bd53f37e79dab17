package sink

import (
	"context"
	"fmt"
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
	g := Glance{Next: m.next, Clock: m.clock, Rules: m.rules, Generation: m.generation, Swept: m.swept}
	if g.Names, err = s.Names(ctx, shard, 0); err != nil {
		return Glance{}, err
	}
	return g, nil
}
