package snapshot

import (
	"context"
	"fmt"
	"sync"

	"muster/sink"
)

// Source is where the profiles of a deployment are.
type Source interface {
	// Layout fails where the deployment has another layout than at first.
	Layout(ctx context.Context) (number, shards int, err error)
	EachProfile(ctx context.Context, shard int, visit func(id, blob string) error) error
	Glance(ctx context.Context, shard int) (sink.Glance, error)
}

// Snapshot is the profiles of a deployment, or a random sample of them, as of
// when they were read. It is immutable and safe for concurrent use.
type Snapshot struct {
	held   []held
	shards []shard
	all    int64
	bytes  int64

	once sync.Once
	kept *values // what questions have read, once one was asked
}

// values returns what questions have read of the profiles.
func (s *Snapshot) values() *values {
	s.once.Do(func() {
		if s.kept == nil {
			s.kept = newValues(s.held, s.shards)
		}
	})
	return s.kept
}

// shard is what its profiles are read with.
type shard struct {
	clock int64 // 0 for one that had no record yet
	names []string
}

// Held is how many profiles are held, and All how many there are.
func (s *Snapshot) Held() int64 { return int64(len(s.held)) }

// All is how many profiles the deployment has.
func (s *Snapshot) All() int64 { return s.all }

// Bytes is what the profiles take that are held, about.
func (s *Snapshot) Bytes() int64 { return s.bytes }

// Fill reads all profiles, shard by shard, and holds as many as the memory
// allows. It tells now and then how many it has read.
func Fill(ctx context.Context, from Source, c Config, tell func(read int64)) (*Snapshot, error) {
	_, shards, err := from.Layout(ctx)
	if err != nil {
		return nil, err
	}
	s, into := &Snapshot{shards: make([]shard, shards)}, &holder{bound: c.Memory}
	for number := range s.shards {
		if s.shards[number], err = readShard(ctx, from, number, into, tell); err != nil {
			return nil, fmt.Errorf("filling the snapshot: %w", err)
		}
	}
	if _, _, err := from.Layout(ctx); err != nil {
		return nil, fmt.Errorf("filling the snapshot: the deployment was resharded meanwhile: %w", err)
	}
	s.held, s.all, s.bytes = into.sorted(), into.all, into.bytes
	return s, nil
}

// toldEach is how many profiles are read from one call of tell to the next.
const toldEach = 1000

// readShard reads a shard, and behind its profiles what they are read with:
// names only grow, and a clock that is older than a profile would deny what the
// profile has seen.
func readShard(ctx context.Context, from Source, number int, into *holder, tell func(read int64)) (shard, error) {
	err := from.EachProfile(ctx, number, func(id, blob string) error {
		into.add(held{hash: orderOf(id), shard: int32(number), id: id, blob: blob})
		if into.all%toldEach == 0 {
			tell(into.all)
		}
		return nil
	})
	if err != nil {
		return shard{}, err
	}
	seen, err := from.Glance(ctx, number)
	return shard{clock: seen.Clock, names: seen.Names}, err
}
