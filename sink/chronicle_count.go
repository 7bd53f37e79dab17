package sink

import (
	"context"
	"fmt"
	"time"
)

// countChronicle is a part of check. It holds the chronicles of the new shards
// against those of the old ones, day by day, and refuses when entries are missing:
// they were copied, and a server has lost them. There may be more, as
// copyChronicle says. A day that ends to be kept meanwhile is left out.
func (c *copying) countChronicle(ctx context.Context) error {
	first, last, ever := chronicleDays(c.sealed, time.Now())
	if !ever {
		return nil
	}
	mark := c.chronicleMark()
	for day := first; day <= last; day++ {
		c.plan.Progress(Progress{"check", "days", day - first, last - first + 1})
		old, err := c.oldEntries(ctx, day)
		if err != nil {
			return fmt.Errorf("counting the old chronicles: %w", err)
		}
		if old == 0 {
			continue
		}
		entries, err := c.newEntries(ctx, day)
		if err != nil {
			return fmt.Errorf("counting the new chronicles: %w", err)
		}
		if expiry := mark.expiry(day); entries < old && time.Until(expiry) > chronicleMargin {
			return fmt.Errorf("the old shards hold %d entries of the chronicle of %s, the new ones %d: %w",
				old, time.Unix(day*86400, 0).UTC().Format(time.DateOnly), entries, errIncomplete)
		}
	}
	return nil
}

// oldEntries counts what the old shards have of a day, without what was erased.
// What this process has copied it has counted then, so that nothing has to be
// read once more.
func (c *copying) oldEntries(ctx context.Context, day int64) (n int64, err error) {
	if n, known := c.chronicled[day]; known {
		return n, nil
	}
	for shard := range c.from.Shards {
		key := func(l chronicleList) string { return c.old.chronicle(shard, l) }
		err := c.store.eachChronicled(ctx, listsOf(day), key, func(int, int, string) error {
			n++
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}

// newEntries counts what the new shards have of a day. Nothing of it was erased:
// that was not copied.
func (c *copying) newEntries(ctx context.Context, day int64) (n int64, err error) {
	for shard := range c.to.Shards {
		var keys []string
		for _, list := range listsOf(day) {
			keys = append(keys, c.new.chronicle(shard, list))
		}
		lengths, err := c.store.listLengths(ctx, keys)
		if err != nil {
			return 0, err
		}
		for _, length := range lengths {
			n += length
		}
	}
	return n, nil
}

// listsOf returns the lists of a day, in the order of their parts.
func listsOf(day int64) []chronicleList {
	lists := make([]chronicleList, 0, chronicleParts)
	for part := range chronicleParts {
		lists = append(lists, chronicleList{day, part})
	}
	return lists
}
