package sink

import (
	"context"
	"fmt"

	"muster/pipeline"
	"muster/rules"
)

// The entries of a catalog, by what they tell: seams, and since when series
// are kept.
const (
	seamEntries   = "r:*"
	seriesEntries = "a:*"
)

// Seams returns the seams of a shard, in the order of their runs, as its owner
// has stored them. It raises no epoch and disturbs no owner. One that is
// opened or closed meanwhile may be there or not; what it tells of a seam
// does not change.
func (s *Store) Seams(ctx context.Context, shard int) ([]pipeline.Seam, error) {
	entries, err := s.catalogEntries(ctx, shard, seamEntries)
	if err != nil {
		return nil, fmt.Errorf("reading the seams of shard %d: %w", shard, err)
	}
	return pipeline.SeamsOf(entries), nil
}

// Lacks returns which segments of a rule set a shard can't be exact about at
// its stream time, as pipeline.LacksOf tells them. It disturbs no owner.
func (s *Store) Lacks(ctx context.Context, shard int, set *rules.Set) ([]pipeline.Mark, error) {
	return s.lacks(ctx, shard, set, pipeline.LacksOf)
}

// LacksOfDraft is Lacks of a rule set that nobody has taken over, as
// pipeline.LacksOfDraft tells it.
func (s *Store) LacksOfDraft(ctx context.Context, shard int, set *rules.Set) ([]pipeline.Mark, error) {
	return s.lacks(ctx, shard, set, pipeline.LacksOfDraft)
}

func (s *Store) lacks(
	ctx context.Context, shard int, set *rules.Set, tell func(*rules.Set, map[string]string, int64) []pipeline.Mark,
) ([]pipeline.Mark, error) {
	seen, err := s.Glance(ctx, shard)
	if err != nil {
		return nil, err
	}
	entries, err := s.KeptSeries(ctx, shard)
	if err != nil {
		return nil, err
	}
	return tell(set, entries, seen.Clock), nil
}

// KeptSeries returns the entries of a shard's catalog that say since when it
// keeps which events, as pipeline.LacksOfDraft takes them.
func (s *Store) KeptSeries(ctx context.Context, shard int) (map[string]string, error) {
	entries, err := s.catalogEntries(ctx, shard, seriesEntries)
	if err != nil {
		return nil, fmt.Errorf("reading since when shard %d keeps events: %w", shard, err)
	}
	return entries, nil
}

// catalogEntries reads the entries of a shard's catalog that match a pattern.
// The owner may write meanwhile: what changes may be there before or after.
func (s *Store) catalogEntries(ctx context.Context, shard int, pattern string) (map[string]string, error) {
	key := s.keys.catalog(shard)
	entries := map[string]string{}
	for cursor := uint64(0); ; {
		var page []string
		err := s.retry(ctx, "reading the catalog", func(ctx context.Context) (err error) {
			page, cursor, err = s.client.HScan(ctx, key, cursor, pattern, catalogPage).Result()
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("from %s: %w", key, err)
		}
		for i := 0; i+1 < len(page); i += 2 {
			entries[page[i]] = page[i+1]
		}
		if cursor == 0 {
			return entries, nil
		}
	}
}
