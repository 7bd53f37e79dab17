package sink

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// outboxesChunk is how many shards are asked for entries in one pipeline: with
// outboxFirst of each its replies are 13 MB of packed ones at most.
const outboxesChunk = 100

// Position is where reading the outbox of a shard goes on.
type Position struct {
	Shard int
	After string // the id of an entry; "" for the beginning
}

// Outboxes returns up to count changes of each shard behind a position, in the
// order of the positions; fewer where there are no more. Shards are read in
// pipelines, so that looking for new changes of all takes few round trips.
func (s *Store) Outboxes(ctx context.Context, positions []Position, count int) ([][]Entry, error) {
	trip := min(outboxFirst, count)
	readings, err := s.eachOutbox(ctx, positions, count, func(p Position) []any {
		from := "-"
		if p.After != "" {
			from = "(" + p.After
		}
		return []any{"xrange", s.keys.outbox(p.Shard), from, "+", "count", trip}
	})
	if err != nil {
		return nil, err
	}
	all := make([][]Entry, len(positions))
	for i, r := range readings {
		if all[i] = r.found; r.count < trip || r.full() {
			continue
		}
		rest, err := s.Outbox(ctx, positions[i].Shard, r.last, int64(count-len(r.found)))
		if err != nil {
			return nil, err
		}
		all[i] = append(all[i], rest...)
	}
	return all, nil
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
	readings, err := s.eachOutbox(ctx, positions, 0, func(p Position) []any {
		return []any{"xrevrange", s.keys.outbox(p.Shard), "+", "-", "count", 1}
	})
	if err != nil {
		return nil, err
	}
	newest := make([]string, shards)
	for shard, r := range readings {
		newest[shard] = r.last
	}
	return newest, nil
}

// outboxRead is what was read of one outbox.
type outboxRead struct {
	*reading
	count int // entries
}

// eachOutbox reads one answer for each position, with most changes of it, or all.
func (s *Store) eachOutbox(ctx context.Context, positions []Position, most int, command func(Position) []any) ([]outboxRead, error) {
	all := make([]outboxRead, 0, len(positions))
	for chunk := range slices.Chunk(positions, outboxesChunk) {
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
			r, err := newReading(chunk[i].After, most)
			if err == nil {
				r.answer = appendAnswer(nil, answer.Val())
				all = append(all, outboxRead{reading: r})
				all[len(all)-1].count, err = r.entries()
				r.answer = nil // it is larger than what is kept of it
			}
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", s.keys.outbox(chunk[i].Shard), err)
			}
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
