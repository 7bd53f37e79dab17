package sink

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// Whoever asks for all parts of a chronicle has many lists to read, of which
// most are short or not there. So their lengths are asked for first, and then
// the entries of as many lists as fit into one reply.
const (
	// chronicleCounted is how many lists one pipeline asks for their lengths.
	chronicleCounted = 1024
	// firstBatch is how many entries the first pipeline brings at most. Each one
	// behind it brings four times as many, up to mostBatch: so who needs only a
	// few does not read many in vain.
	firstBatch = 1000
	mostBatch  = 32_000
)

// stretch is a part of a list: its entries from one index up to another, which
// is not included.
type stretch struct {
	list     chronicleList
	from, to int64
}

// ChronicledParts is Chronicled for the parts of a shard's chronicle from one up
// to another, which is not included: one part after the other, and in no order
// within each. It takes one round trip for the lengths of each 1,024 lists, and
// one for each 32,000 entries, three more in all. Memory is bounded by these
// 32,000 entries. fn must not keep the change.
func (s *Store) ChronicledParts(ctx context.Context, shard, from, to int, first, last int64, fn func(part int, c *pipeline.Change) error) error {
	var lists []chronicleList
	for part := from; part < to; part++ {
		for day := first; day <= last; day++ {
			lists = append(lists, chronicleList{day, part})
		}
	}
	size := int64(firstBatch)
	for some := range slices.Chunk(lists, chronicleCounted) {
		left, err := s.stretches(ctx, shard, some)
		for len(left) > 0 && err == nil {
			var batch []stretch
			batch, left = cutStretches(left, size)
			err = s.eachOfBatch(ctx, shard, batch, fn)
			size = min(4*size, mostBatch)
		}
		if err != nil {
			return fmt.Errorf("reading the chronicle of shard %d: %w", shard, err)
		}
	}
	return nil
}

// stretches returns what the lists of a shard hold now.
func (s *Store) stretches(ctx context.Context, shard int, lists []chronicleList) (all []stretch, err error) {
	keys := make([]string, len(lists))
	for i, list := range lists {
		keys[i] = s.keys.chronicle(shard, list)
	}
	lengths, err := s.listLengths(ctx, keys)
	for i, n := range lengths {
		if n > 0 {
			all = append(all, stretch{lists[i], 0, n})
		}
	}
	return all, err
}

// listLengths returns the lengths of lists, 0 for one that is not there.
func (s *Store) listLengths(ctx context.Context, keys []string) (lengths []int64, err error) {
	var replies []*redis.IntCmd
	err = s.retry(ctx, "measuring a chronicle", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		replies = replies[:0]
		for _, key := range keys {
			replies = append(replies, pipe.LLen(ctx, key))
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, reply := range replies {
		lengths = append(lengths, reply.Val())
	}
	return lengths, nil
}

// cutStretches cuts the first so many entries off.
func cutStretches(all []stretch, size int64) (first, rest []stretch) {
	for i, one := range all {
		if n := one.to - one.from; n < size {
			size -= n
			continue
		}
		middle := one.from + size
		first = append(slices.Clone(all[:i]), stretch{one.list, one.from, middle})
		if rest = all[i+1:]; middle < one.to {
			rest = append([]stretch{{one.list, middle, one.to}}, rest...)
		}
		return first, rest
	}
	return all, nil
}

// eachOfBatch reads stretches in one round trip, and calls fn with what was not
// erased. A list that has expired meanwhile has none.
func (s *Store) eachOfBatch(ctx context.Context, shard int, batch []stretch, fn func(part int, c *pipeline.Change) error) error {
	var replies []*redis.StringSliceCmd
	err := s.retry(ctx, "reading a chronicle", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		replies = replies[:0]
		for _, one := range batch {
			replies = append(replies, pipe.LRange(ctx, s.keys.chronicle(shard, one.list), one.from, one.to-1))
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for i, reply := range replies {
		for _, text := range reply.Val() {
			if text == "" {
				continue
			}
			c, err := chronicledOf(batch[i].list.day, text)
			if err != nil {
				return err
			}
			if err := fn(batch[i].list.part, &c); err != nil {
				return err
			}
		}
	}
	return nil
}
