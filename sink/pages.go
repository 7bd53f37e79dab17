package sink

import (
	"context"

	"github.com/redis/go-redis/v9"
)

const (
	// bucketsChunk is how many buckets are asked for their profiles in one
	// pipeline, and copied between two checkpoints.
	bucketsChunk = 128
	// pageProfiles is how many profiles are read, and then written, at a time.
	pageProfiles = 500
	// countChunk is how many buckets are counted in one pipeline.
	countChunk = 10_000
)

// countBuckets returns how many profiles each bucket of a shard has.
func (s *Store) countBuckets(ctx context.Context, k keys, shard int) ([]int64, error) {
	counts := make([]int64, 0, k.buckets)
	for first := 0; first < k.buckets; first += countChunk {
		var replies []*redis.IntCmd
		err := s.retry(ctx, "counting profiles", func(ctx context.Context) error {
			pipe := s.client.Pipeline()
			replies = replies[:0]
			for bucket := first; bucket < min(first+countChunk, k.buckets); bucket++ {
				replies = append(replies, pipe.HLen(ctx, k.bucket(shard, bucket)))
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, reply := range replies {
			counts = append(counts, reply.Val())
		}
	}
	return counts, nil
}

// storedProfile is a profile as it is stored.
type storedProfile struct {
	id   string
	blob string
}

// eachPage visits the profiles of bucketsChunk buckets of a shard, from one
// on, in pages.
func (s *Store) eachPage(ctx context.Context, k keys, shard, first int, visit func([]storedProfile) error) error {
	last := min(first+bucketsChunk, k.buckets)
	var ids []*redis.StringSliceCmd
	err := s.retry(ctx, "listing profiles", func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		ids = ids[:0]
		for bucket := first; bucket < last; bucket++ {
			ids = append(ids, pipe.HKeys(ctx, k.bucket(shard, bucket)))
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	p := &pager{store: s, visit: visit}
	for i, reply := range ids {
		for rest := reply.Val(); len(rest) > 0; {
			n := min(len(rest), pageProfiles-p.count)
			if err := p.ask(ctx, question{k.bucket(shard, first+i), k.tails(shard, first+i), rest[:n]}); err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
	return p.read(ctx)
}

// pager reads profiles in pages of pageProfiles.
type pager struct {
	store *Store
	visit func([]storedProfile) error
	asked []question
	count int
}

// question asks for some profiles of one bucket.
type question struct {
	key, tails string
	ids        []string
}

func (p *pager) ask(ctx context.Context, q question) error {
	p.asked = append(p.asked, q)
	if p.count += len(q.ids); p.count < pageProfiles {
		return nil
	}
	return p.read(ctx)
}

func (p *pager) read(ctx context.Context) error {
	if p.count == 0 {
		return nil
	}
	var page []storedProfile
	err := p.store.retry(ctx, "reading profiles", func(ctx context.Context) error {
		pipe := p.store.client.Pipeline()
		var replies []*redis.SliceCmd
		for _, a := range p.asked {
			replies = append(replies, pipe.HMGet(ctx, a.key, a.ids...), pipe.HMGet(ctx, a.tails, a.ids...))
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		var err error
		page, err = p.collect(page[:0], replies)
		return err
	})
	p.asked, p.count = p.asked[:0], 0
	if err != nil {
		return err
	}
	return p.visit(page)
}

func (p *pager) collect(page []storedProfile, replies []*redis.SliceCmd) ([]storedProfile, error) {
	for i, a := range p.asked {
		for j, blob := range appendJoined(nil, replies[2*i].Val(), replies[2*i+1].Val()) {
			if blob == "" {
				return nil, final("a profile of %s is gone: somebody writes there", a.key)
			}
			page = append(page, storedProfile{a.ids[j], blob})
		}
	}
	return page, nil
}
