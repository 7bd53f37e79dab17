package sink

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// partial looks for commands that failed within a transaction that was
// applied, and marks the shard as broken if there are any.
func (s *Store) partial(ctx context.Context, shard int, commands []redis.Cmder) error {
	for _, command := range commands {
		if err := command.Err(); err != nil {
			return s.broken(ctx, shard, fmt.Sprintf("%s %s", command.Name(), command.Args()[1]), err)
		}
	}
	return nil
}

// verify does the same for a transaction whose reply was lost, by the types
// of its keys: a key of another type is what makes a command fail.
func (s *Store) verify(ctx context.Context, shard int, c *pipeline.Commit, flows []*flowPage) error {
	pipe := s.client.Pipeline()
	written := s.written(shard, c)
	for _, page := range flows {
		written[page.key] = "hash"
	}
	types := make(map[string]*redis.StatusCmd, len(written))
	for key := range written {
		types[key] = pipe.Type(ctx, key)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("reading types: %w", err)
	}
	for key, want := range written {
		// A key is gone when its last member or entry is.
		if got := types[key].Val(); got != want && got != "none" {
			return s.broken(ctx, shard, "write to "+key, fmt.Errorf("it is a %s, not a %s", got, want))
		}
	}
	return nil
}

// written returns the type of every key that a commit writes. One that is
// removed whole needs no type.
func (s *Store) written(shard int, c *pipeline.Commit) map[string]string {
	written := map[string]string{s.keys.meta(shard): "hash"}
	if len(c.NewNames) > 0 {
		written[s.keys.names(shard)] = "list"
	}
	if c.Gap != nil {
		written[s.keys.gaps(shard)] = "list"
	}
	if len(c.Catalog) > 0 {
		written[s.keys.catalog(shard)] = "hash"
	}
	if len(c.Erased) > 0 {
		written[s.keys.erasing(shard)] = "hash"
	}
	if len(c.Drop) > 0 {
		written[s.keys.sizes(shard)] = "hash"
	}
	if s.cfg.TrailMax > 0 {
		written[s.keys.trail(shard)] = "stream"
	}
	for _, w := range c.Profiles {
		in := bucket(w.Profile, s.keys.buckets)
		written[s.keys.bucket(shard, in)] = "hash"
		if w.TailChanged || w.Gone {
			written[s.keys.tails(shard, in)] = "hash"
		}
		if w.Timer {
			written[s.keys.timers(shard)] = "zset"
		}
	}
	for _, change := range c.Changes {
		written[s.keys.sizes(shard)] = "hash"
		written[s.keys.outbox(shard)] = "stream"
		if !c.Hidden[change.Segment] {
			written[s.keys.members(shard, change.Segment)] = "set"
		}
	}
	return written
}

func (s *Store) broken(ctx context.Context, shard int, command string, cause error) error {
	err := &PartialError{Shard: shard, Command: command, Err: cause}
	// Should the mark fail as well, the error still stops this worker.
	_ = s.client.HSet(ctx, s.keys.meta(shard), "broken", err.Error()).Err()
	return finalError{err}
}
