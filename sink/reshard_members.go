package sink

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/profile"
)

const (
	// setsChunk is how many member sets one pipeline asks for.
	setsChunk = 100
	// heapBound is how many members or entries are gathered before they are
	// written.
	heapBound = 5000
)

// copyMembers copies the member sets as they are, whether the rules in force
// keep them or not. The checkpoint is the old shard.
func (c *copying) copyMembers(ctx context.Context, at checkpoint) error {
	for shard := at.shard; shard < c.from.Shards; shard++ {
		c.plan.Progress(Progress{"member sets", "shards", int64(shard), int64(c.from.Shards)})
		if err := c.save(ctx, checkpoint{stepMembers, shard, 0}); err != nil {
			return err
		}
		m := &memberHeap{copying: c, members: map[string][]any{}}
		segments, err := c.store.segments(ctx, c.old.names(shard))
		if err == nil {
			err = c.store.eachMember(ctx, c.old, shard, segments, func(segment, profile string) error {
				return m.add(ctx, segment, profile)
			})
		}
		if err == nil {
			err = m.flush(ctx)
		}
		if err != nil {
			return fmt.Errorf("copying member sets of shard %d: %w", shard, err)
		}
	}
	return nil
}

// segments returns the ids of all segments that a list of names has.
func (s *Store) segments(ctx context.Context, key string) ([]string, error) {
	names, err := s.readNames(ctx, key)
	var ids []string
	for _, name := range names {
		if id, is := profile.SegmentName(name); is {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// eachMember visits the members of some segments of a shard, some perhaps
// twice.
func (s *Store) eachMember(ctx context.Context, k keys, shard int, segments []string, visit func(segment, profile string) error) error {
	for chunk := range slices.Chunk(segments, setsChunk) {
		var first []*redis.ScanCmd
		err := s.retry(ctx, "reading members", func(ctx context.Context) error {
			pipe := s.client.Pipeline()
			first = first[:0]
			for _, id := range chunk {
				first = append(first, pipe.SScan(ctx, k.members(shard, id), 0, "", scanPage))
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
		for i, id := range chunk {
			one := func(profile string) error { return visit(id, profile) }
			page, cursor := first[i].Val()
			for _, profile := range page {
				if err := one(profile); err != nil {
					return err
				}
			}
			if cursor == 0 {
				continue
			}
			if err := s.scanFrom(ctx, k.members(shard, id), cursor, one); err != nil {
				return err
			}
		}
	}
	return nil
}

// memberHeap gathers members of new shards by key.
type memberHeap struct {
	*copying
	members map[string][]any
	count   int
}

func (m *memberHeap) add(ctx context.Context, segment, profile string) error {
	key := m.new.members(m.plan.After(profile), segment)
	m.members[key] = append(m.members[key], profile)
	if m.count++; m.count < heapBound {
		return nil
	}
	return m.flush(ctx)
}

func (m *memberHeap) flush(ctx context.Context) error {
	if m.count == 0 {
		return nil
	}
	err := m.store.retry(ctx, "writing members", func(ctx context.Context) error {
		pipe := m.store.client.Pipeline()
		for key, profiles := range m.members {
			pipe.SAdd(ctx, key, profiles...)
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	clear(m.members)
	m.count = 0
	return err
}
