package stack

import (
	"context"

	goredis "github.com/redis/go-redis/v9"
)

// HoldWrites has Redis take no writes, and answer everything else, until the
// function that it returns is called.
func (s *System) HoldWrites() (release func()) {
	s.t.Helper()
	s.onMasters("holding writes", "CLIENT", "PAUSE", Patience.Milliseconds(), "WRITE")
	return func() {
		s.t.Helper()
		s.onMasters("releasing writes", "CLIENT", "UNPAUSE")
	}
}

// onMasters has every node that takes writes do a command.
func (s *System) onMasters(doing string, command ...any) {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	each := func(ctx context.Context, node *goredis.Client) error { return node.Do(ctx, command...).Err() }
	var err error
	switch c := s.Redis.(type) {
	case *goredis.ClusterClient:
		err = c.ForEachMaster(ctx, each)
	case *goredis.Client:
		err = each(ctx, c)
	}
	if err != nil {
		s.t.Fatalf("%s: %v", doing, err)
	}
}

// StoredSizes returns the size of a segment in every shard that has one, be it
// zero.
func (s *System) StoredSizes(segment string) map[int]string {
	s.t.Helper()
	ctx, cancel := s.bounded()
	defer cancel()
	sizes := map[int]string{}
	for shard := range s.Shards {
		text, err := s.Redis.HMGet(ctx, s.key(shard, "size"), segment).Result()
		if err != nil {
			s.t.Fatalf("reading the size of %s in shard %d: %v", segment, shard, err)
		}
		if size, ok := text[0].(string); ok {
			sizes[shard] = size
		}
	}
	return sizes
}
