package sink

import (
	"context"
	"fmt"

	"muster/pipeline"
)

// seamEntries are the entries of a catalog that tell seams.
const seamEntries = "r:*"

// Seams returns the seams of a shard, in the order of their runs, as its owner
// has stored them. It raises no epoch and disturbs no owner. One that is
// opened or closed meanwhile may be there or not; what it tells of a seam
// does not change.
func (s *Store) Seams(ctx context.Context, shard int) ([]pipeline.Seam, error) {
	key := s.keys.catalog(shard)
	entries := map[string]string{}
	for cursor := uint64(0); ; {
		var page []string
		err := s.retry(ctx, "reading seams", func(ctx context.Context) (err error) {
			page, cursor, err = s.client.HScan(ctx, key, cursor, seamEntries, catalogPage).Result()
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading the seams of shard %d from %s: %w", shard, key, err)
		}
		for i := 0; i+1 < len(page); i += 2 {
			entries[page[i]] = page[i+1]
		}
		if cursor == 0 {
			return pipeline.SeamsOf(entries), nil
		}
	}
}
