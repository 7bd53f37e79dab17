// Package memory is a pipeline.Store that keeps everything in the process.
//
// It promises what every Store promises, and passes the same suite. Replays,
// previews and tests use it where no answer has to outlive the run.
//
// The trap: it is bounded only by the machine's memory, and its outbox and
// reach are never trimmed.
package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"muster/pipeline"
)

// Store is one worker's handle on shared state. Use New, then Share for
// every further worker. It is safe for concurrent use.
type Store struct {
	*state
	epochs map[int]int64 // of the shards this handle has opened
}

// state is what all handles share.
type state struct {
	mu     sync.Mutex
	shards map[int]*shard
	reach  map[pipeline.Reach]struct{}
}

// New returns a handle on new, empty state.
func New() *Store {
	return &Store{
		state:  &state{shards: map[int]*shard{}, reach: map[pipeline.Reach]struct{}{}},
		epochs: map[int]int64{},
	}
}

// Share returns a further handle on the same state, as another process has.
func (s *Store) Share() *Store { return &Store{state: s.state, epochs: map[int]int64{}} }

// Open implements pipeline.Store.
func (s *Store) Open(_ context.Context, number int) (pipeline.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.shards[number]
	if held == nil {
		held = newShard()
		s.shards[number] = held
	}
	held.state.Epoch++
	s.epochs[number] = held.state.Epoch
	return held.opened(), nil
}

// own returns a shard if this handle is its owner.
func (s *Store) own(number int) (*shard, error) {
	epoch, ok := s.epochs[number]
	if !ok {
		return nil, errors.New("it is not open")
	}
	held := s.shards[number]
	if held.state.Epoch != epoch {
		return nil, pipeline.ErrFenced
	}
	return held, nil
}

// Load implements pipeline.Store. It fails for a shard that this handle has
// not opened.
func (s *Store) Load(_ context.Context, number int, profiles []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, err := s.own(number)
	if err != nil {
		return nil, fmt.Errorf("loading from shard %d: %w", number, err)
	}
	blobs := make([]string, len(profiles))
	for i, profile := range profiles {
		blobs[i] = held.profiles[profile] + held.tails[profile]
	}
	return blobs, nil
}

// Commit implements pipeline.Store.
func (s *Store) Commit(_ context.Context, number int, c *pipeline.Commit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.shards[number]
	if held == nil || !held.precedes(c) {
		return fmt.Errorf("committing shard %d: %w", number, pipeline.ErrFenced)
	}
	for _, r := range c.Reach {
		s.reach[r] = struct{}{}
	}
	held.apply(c)
	return nil
}

// Sizes returns the number of members by segment over all shards.
func (s *Store) Sizes() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := map[string]int64{}
	for _, held := range s.shards {
		for segment, size := range held.sizes {
			sum[segment] += size
		}
	}
	return sum
}

// Members returns the sorted profile ids in a segment over all shards.
func (s *Store) Members(segment string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var members []string
	for _, held := range s.shards {
		members = slices.AppendSeq(members, maps.Keys(held.members[segment]))
	}
	slices.Sort(members)
	return members
}

// Outbox returns the changes of a shard, oldest first.
func (s *Store) Outbox(number int) []pipeline.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.shards[number]; held != nil {
		return slices.Clone(held.outbox)
	}
	return nil
}

// Reach returns how many profiles were active in a segment on a day, in days
// since 1970 UTC.
func (s *Store) Reach(segment string, day int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var count int64
	for r := range s.reach {
		if r.Segment == segment && r.Day == day {
			count++
		}
	}
	return count
}
