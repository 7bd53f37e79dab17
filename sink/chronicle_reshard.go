package sink

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// copyChronicle carries the chronicles of the old shards over, entry by entry
// as they are: the part of a profile and the day of a change are the same in
// every layout. It always begins at the beginning, and with each day by
// removing what an attempt before has left of it. Should a command of that
// attempt still be on its way, an entry stands twice, which its version tells.
func (c *copying) copyChronicle(ctx context.Context, _ checkpoint) error {
	first, last, ever := chronicleDays(c.sealed, time.Now())
	if !ever {
		return nil
	}
	c.chronicled = map[int64]int64{}
	for day := first; day <= last; day++ {
		c.plan.Progress(Progress{"chronicle", "days", day - first, last - first + 1})
		if err := c.copyChronicleDay(ctx, day); err != nil {
			return fmt.Errorf("copying chronicles: %w", err)
		}
	}
	return nil
}

func (c *copying) copyChronicleDay(ctx context.Context, day int64) error {
	var doomed []string
	for shard := range c.to.Shards {
		for part := range chronicleParts {
			doomed = append(doomed, c.new.chronicle(shard, chronicleList{day, part}))
		}
	}
	if err := c.store.unlink(ctx, doomed); err != nil {
		return err
	}
	m := &chronicleHeap{copying: c, day: day, entries: map[string][]any{}}
	lists, copied := listsOf(day), int64(0)
	for shard := range c.from.Shards {
		key := func(l chronicleList) string { return c.old.chronicle(shard, l) }
		err := c.store.eachChronicled(ctx, lists, key, func(i, _ int, text string) error {
			entry, err := chronicledOf(day, text)
			if err != nil {
				return err
			}
			copied++
			return m.add(ctx, c.new.chronicle(c.plan.After(entry.Profile), lists[i]), text)
		})
		if err != nil {
			return err
		}
	}
	c.chronicled[day] = copied
	return m.flush(ctx)
}

// chronicleHeap gathers entries of new shards by list.
type chronicleHeap struct {
	*copying
	day     int64
	entries map[string][]any
	count   int
}

func (m *chronicleHeap) add(ctx context.Context, key, text string) error {
	m.entries[key] = append(m.entries[key], text)
	if m.count++; m.count < heapBound {
		return nil
	}
	return m.flush(ctx)
}

// flush writes what was gathered. A list is told its expiry in the transaction
// that may make it, so that none stays for ever.
func (m *chronicleHeap) flush(ctx context.Context) error {
	mark := m.chronicleMark()
	expiry := mark.expiry(m.day)
	for key, entries := range m.entries {
		err := m.store.retry(ctx, "writing a chronicle", func(ctx context.Context) error {
			_, err := m.store.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				pipe.RPush(ctx, key, entries...)
				pipe.ExpireAt(ctx, key, expiry)
				return nil
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	clear(m.entries)
	m.count = 0
	return nil
}

// chronicleMark is that of every new shard, but for the number of changes. Its
// chronicle is whole where those of all old shards are, and from when on the
// last of them is.
func (c *copying) chronicleMark() (mark chronicleMark) {
	for i := range c.sealed {
		m := &c.sealed[i]
		if own := m.chronicle; own.keep != 0 {
			if mark.keep == 0 || own.keep < mark.keep {
				mark.keep = own.keep
			}
			mark.since, mark.most = max(mark.since, own.since), max(mark.most, own.most)
		}
		if !m.wholeChronicle() {
			mark.outbox = notWhole
		}
	}
	return mark
}

// notWhole is a number of changes that no shard has had.
const notWhole = -1

// addChronicle adds the mark of a new shard with so many changes to the fields
// of its meta hash.
func (c *copying) addChronicle(fields []any, outbox int64) []any {
	mark := c.chronicleMark()
	if mark.keep == 0 {
		return fields
	}
	if mark.outbox != notWhole {
		mark.outbox = outbox
	}
	return append(fields, "chronicle", mark.append(nil))
}

// chronicles returns the lists that a shard of a layout may have, of all days
// that a mark of that layout or of the current one tells of.
func (s *Store) chronicles(ctx context.Context, of Layout) (func(shard int) []string, error) {
	current, err := s.deployment(ctx)
	if err != nil {
		return nil, err
	}
	var marks []meta
	for _, l := range []Layout{of, current.Current} {
		for shard := range l.Shards {
			err := s.retry(ctx, "reading shard", func(ctx context.Context) error {
				m, err := readMeta(ctx, s.client, s.keys.of(l).meta(shard))
				marks = append(marks, m)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	first, last, ever := chronicleDays(marks, time.Now())
	return func(shard int) (keys []string) {
		for day := first; ever && day <= last; day++ {
			for part := range chronicleParts {
				keys = append(keys, s.keys.of(of).chronicle(shard, chronicleList{day, part}))
			}
		}
		return keys
	}, nil
}
