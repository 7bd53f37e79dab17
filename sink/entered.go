package sink

import (
	"context"
)

// backPage is about how many changes are read at a time when an outbox is read
// from its end.
const backPage = 2000

// Entered looks for the changes by which a profile entered some segments last,
// by segment, in up to most of the newest changes of its shard's outbox. Which
// are older, or have been dropped, is not known. It also returns whether there
// was more to look at.
func (s *Store) Entered(ctx context.Context, shard int, profile string, segments []string, most int) (found map[string]Entry, more bool, err error) {
	found, wanted := map[string]Entry{}, map[string]bool{}
	for _, id := range segments {
		wanted[id] = true
	}
	for before, end := "", false; len(wanted) > 0 && !end; {
		if most <= 0 {
			return found, true, nil
		}
		page, rest, err := s.outboxBack(ctx, shard, before, min(most, backPage))
		if err != nil {
			return nil, false, err
		}
		before, end = rest, rest == "" && len(page) <= most
		page = page[:min(len(page), most)]
		for i := range page {
			c := &page[i].Change
			if c.Profile != profile {
				continue
			}
			if c.Entered && wanted[c.Segment] {
				found[c.Segment] = page[i]
				delete(wanted, c.Segment)
			}
			if c.Version == 1 { // its first
				return found, false, nil
			}
		}
		most -= len(page)
	}
	return found, false, nil
}
