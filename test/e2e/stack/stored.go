package stack

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"muster/test/kit/oracle"
	"muster/test/kit/outbox"
)

// Stored is what Redis holds about one shard.
type Stored struct {
	Clock   int64
	Members map[string][]string // segment -> profiles in ascending order
	Sizes   map[string]int      // segment -> members, where it is counted
	Outbox  []oracle.Change     // in the order of the stream
}

// Stored reads the memberships of segments, the sizes and the outbox of a shard.
func (s *System) Stored(shard int, segments []string) Stored {
	s.t.Helper()
	got := Stored{Members: map[string][]string{}, Sizes: map[string]int{}}
	err := s.readShard(shard, segments, &got)
	if err != nil {
		s.t.Fatalf("reading shard %d from redis: %v", shard, err)
	}
	return got
}

// Keys returns the keys of a pattern that Redis holds, on every node.
func (s *System) Keys(pattern string) []string {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	var mu sync.Mutex
	var keys []string
	list := func(ctx context.Context, node *goredis.Client) error {
		found, err := node.Keys(ctx, pattern).Result()
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, found...)
		return err
	}
	var err error
	switch c := s.Redis.(type) {
	case *goredis.ClusterClient:
		err = c.ForEachMaster(ctx, list)
	case *goredis.Client:
		err = list(ctx, c)
	}
	if err != nil {
		s.t.Fatalf("listing keys: %v", err)
	}
	return keys
}

func (s *System) readShard(shard int, segments []string, into *Stored) (err error) {
	ctx, cancel := s.bounded()
	defer cancel()
	if into.Clock, err = s.meta(shard, "clock"); err != nil {
		return err
	}
	for _, id := range segments {
		members, err := s.Redis.SMembers(ctx, s.key(shard, "seg:"+id)).Result()
		if err != nil {
			return err
		}
		slices.Sort(members)
		into.Members[id] = members
	}
	sizes, err := s.Redis.HGetAll(ctx, s.key(shard, "size")).Result()
	if err != nil {
		return err
	}
	for id, text := range sizes {
		size, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		into.Sizes[id] = size
	}
	messages, err := s.Redis.XRange(ctx, s.key(shard, "out"), "-", "+").Result()
	if err != nil {
		return err
	}
	for _, m := range messages {
		changes, err := outbox.Changes(m.Values)
		if err != nil {
			return fmt.Errorf("entry %s of the outbox: %w", m.ID, err)
		}
		for _, c := range changes {
			into.Outbox = append(into.Outbox, oracle.Change{
				Segment: c.Segment, Profile: c.Profile, Cause: c.Cause, Entered: c.Entered, At: c.At, Version: c.Version,
			})
		}
	}
	return nil
}
