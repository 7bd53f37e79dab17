package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// outboxesChunk is how many shards are asked for entries in one pipeline.
const outboxesChunk = 100

// Position is where reading the outbox of a shard goes on.
type Position struct {
	Shard int
	After string // the id of an entry; "" for the beginning
}

// Outboxes returns up to count entries of each shard behind a position, in the
// order of the positions. Shards are read in pipelines, so that looking for
// new entries of all takes few round trips.
func (s *Store) Outboxes(ctx context.Context, positions []Position, count int) ([][]Entry, error) {
	return s.eachOutbox(ctx, positions, func(p Position) []any {
		start := "-"
		if p.After != "" {
			start = "(" + p.After
		}
		return []any{"xrange", s.keys.outbox(p.Shard), start, "+", "count", count}
	})
}

// Newest returns the id of the newest entry of every shard, "" where there is
// none.
func (s *Store) Newest(ctx context.Context) ([]string, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ends of outboxes: %w", err)
	}
	positions := make([]Position, shards)
	for shard := range positions {
		positions[shard].Shard = shard
	}
	entries, err := s.eachOutbox(ctx, positions, func(p Position) []any {
		return []any{"xrevrange", s.keys.outbox(p.Shard), "+", "-", "count", 1}
	})
	if err != nil {
		return nil, err
	}
	newest := make([]string, shards)
	for shard, last := range entries {
		if len(last) > 0 {
			newest[shard] = last[0].ID
		}
	}
	return newest, nil
}

func (s *Store) eachOutbox(ctx context.Context, positions []Position, command func(Position) []any) ([][]Entry, error) {
	all := make([][]Entry, 0, len(positions))
	for first := 0; first < len(positions); first += outboxesChunk {
		chunk := positions[first:min(first+outboxesChunk, len(positions))]
		var answers []*redis.Cmd
		err := s.retry(ctx, "reading outboxes", func(ctx context.Context) error {
			pipe := s.client.Pipeline()
			answers = answers[:0]
			for _, p := range chunk {
				answers = append(answers, pipe.Do(ctx, command(p)...))
			}
			_, err := pipe.Exec(ctx)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading outboxes: %w", err)
		}
		for i, answer := range answers {
			r := &reading{answer: appendAnswer(nil, answer.Val()), texts: map[string]string{}}
			entries, err := r.entries()
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", s.keys.outbox(chunk[i].Shard), err)
			}
			all = append(all, entries)
		}
	}
	return all, nil
}

// Layout returns the number of the layout that the store reads, and how many
// shards it has.
func (s *Store) Layout(ctx context.Context) (number, shards int, err error) {
	shards, err = s.shards(ctx)
	return s.keys.layout, shards, err
}
