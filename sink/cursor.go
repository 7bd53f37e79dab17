package sink

import (
	"context"
	"fmt"
	"math"
)

// Cursor is where reading the members of a segment goes on. It holds for the
// layout that it is of and, within a set, as long as the same server has it:
// after a failover or a restart members may be missed or come twice. The zero
// Cursor is the beginning.
type Cursor struct {
	Layout   int
	Shard    int
	Position uint64 // of Redis' SSCAN
}

// String is the cursor as a text that ParseCursor reads.
func (c Cursor) String() string { return fmt.Sprintf("%d.%d.%d", c.Layout, c.Shard, c.Position) }

// ParseCursor reads what String wrote; "" is the beginning.
func ParseCursor(text string) (c Cursor, err error) {
	if text == "" {
		return c, nil
	}
	_, err = fmt.Sscanf(text, "%d.%d.%d", &c.Layout, &c.Shard, &c.Position)
	if err != nil || c.Shard < 0 || c.String() != text {
		return Cursor{}, fmt.Errorf("%q is not a cursor, as 1.0.4711", text)
	}
	return c, nil
}

// MembersFrom calls fn with profiles in a segment from a cursor on, and
// returns where to go on, and whether there is more. It stops after the answer
// of Redis with which there are limit of them, so there may be some more: what
// has come is told whole, or a set that changes meanwhile would have gaps.
// Else it is as Members.
func (s *Store) MembersFrom(ctx context.Context, segment string, from Cursor, limit int, fn func(profile string) error) (next Cursor, more bool, err error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return from, false, fmt.Errorf("reading members of %s: %w", segment, err)
	}
	if from == (Cursor{}) {
		from.Layout = s.keys.layout
	}
	if from.Layout != s.keys.layout || from.Shard >= shards {
		return from, false, final("the cursor %s is not of layout %d with %d shards, which Redis holds: %w", from, s.keys.layout, shards, ErrCursor)
	}
	for seen := 0; from.Shard < shards; {
		if seen >= limit {
			return from, true, nil
		}
		page, position, err := s.membersPage(ctx, segment, from, min(limit-seen, scanPage))
		if err != nil {
			return from, false, fmt.Errorf("reading members of %s: %w", segment, err)
		}
		for _, profile := range page {
			if err := fn(profile); err != nil {
				return from, false, err
			}
		}
		seen += len(page)
		if from.Position = position; position == 0 {
			from.Shard++
		}
	}
	return from, false, nil
}

func (s *Store) membersPage(ctx context.Context, segment string, at Cursor, count int) (page []string, next uint64, err error) {
	err = s.retry(ctx, "reading members", func(ctx context.Context) (err error) {
		page, next, err = s.client.SScan(ctx, s.keys.members(at.Shard, segment), at.Position, "", int64(count)).Result()
		return err
	})
	return page, next, err
}

// noLimit is more members than there are.
const noLimit = math.MaxInt
