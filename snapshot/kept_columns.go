package snapshot

import (
	"context"
	"slices"
	"sync"
	"time"
)

// KeptColumns make Columns of a Snapshot that is followed, and keep those that
// were made last: who asks for the same traits soon after is answered from them.
// It is safe for concurrent use, and answers one at a time.
type KeptColumns struct {
	current func() *Fresh
	bound   int64
	again   time.Duration // how much newer profiles may be than the columns that are kept

	mu      sync.Mutex
	of      *Fresh // what the columns are of, nil for none
	traits  []string
	columns *Columns
	took    time.Duration // what making them took
}

// columnsPart is the part of the memory of a Snapshot that columns may take beside
// it.
const columnsPart = 4

// NewKeptColumns returns columns of what current returns, within a quarter of the
// memory beside it. They may be older than it by the staleness or, where that is
// more, twice the time that it takes to make them: so at least half of the time is
// left for answers. Then they are dropped, and the profiles that only they hold.
func NewKeptColumns(current func() *Fresh, c Config) *KeptColumns {
	return &KeptColumns{current: current, bound: c.Memory / columnsPart, again: c.Staleness}
}

// Columns returns what is wanted, and as of when it is. It returns a NotFilledError
// until all profiles were read.
func (k *KeptColumns) Columns(ctx context.Context, w Wanted) (*Columns, time.Time, error) {
	fresh := k.current()
	if fresh == nil {
		return nil, time.Time{}, NotFilledError{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.of == nil || !slices.Equal(k.traits, w.Traits):
		if err := k.renew(ctx, fresh, w.Traits); err != nil {
			return nil, time.Time{}, err
		}
	case fresh.alikeTo(k.of):
		k.of = fresh // only the clocks have moved
	case fresh.AsOf.Sub(k.of.AsOf) > k.lasting():
		if err := k.renew(ctx, fresh, w.Traits); err != nil {
			return nil, time.Time{}, err
		}
	}
	columns, err := k.of.withRules(ctx, k.columns, w.Rules)
	return columns, k.of.AsOf, err
}

// renew makes the columns anew. Two of them are never held.
func (k *KeptColumns) renew(ctx context.Context, of *Fresh, traits []string) error {
	k.of, k.columns = nil, nil
	begun := time.Now()
	columns, err := of.Columns(ctx, traits, k.bound)
	if err != nil {
		return err
	}
	k.of, k.traits, k.columns, k.took = of, slices.Clone(traits), columns, time.Since(begun)
	time.AfterFunc(k.lasting(), func() { k.drop(columns) })
	return nil
}

// lasting is how much newer profiles may be than the columns.
func (k *KeptColumns) lasting() time.Duration { return max(k.again, 2*k.took) }

// drop drops columns that are kept still, once the profiles are others: what they
// were made of would stay in memory beside those.
func (k *KeptColumns) drop(columns *Columns) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.columns != columns:
	case k.current().alikeTo(k.of):
		time.AfterFunc(k.lasting(), func() { k.drop(columns) })
	default:
		k.of, k.columns = nil, nil
	}
}

// alikeTo reports whether two snapshots have the same profiles and names.
func (f *Fresh) alikeTo(other *Fresh) bool {
	if len(f.held) != len(other.held) || f.all != other.all || len(f.held) > 0 && &f.held[0] != &other.held[0] {
		return false
	}
	return slices.EqualFunc(f.shards, other.shards, func(a, b shard) bool { return len(a.names) == len(b.names) })
}

// withRules returns columns of the snapshot that have the members of rules too.
func (s *Snapshot) withRules(ctx context.Context, columns *Columns, rules []*Question) (*Columns, error) {
	own := *columns
	own.rules = nil
	for _, q := range rules {
		members, err := s.membersOf(ctx, q, own.held)
		if err != nil {
			return nil, err
		}
		own.rules = append(own.rules, members)
	}
	return &own, nil
}
