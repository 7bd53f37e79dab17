package sink

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Ping asks once for something of the deployment and of every shard that
// this store has opened, and so of every node it needs, and returns an error
// when one can't be reached, does not let this program in or can't serve yet.
// What it finds is of no concern: a key that is missing or of another type is
// for whoever works on it to tell.
func (s *Store) Ping(ctx context.Context) error {
	pipe := s.client.Pipeline()
	pipe.HGet(ctx, s.keys.deployment(), fieldSchema)
	for _, shard := range s.opened() {
		pipe.HGet(ctx, s.keys.meta(shard), "epoch")
	}
	commands, err := pipe.Exec(ctx)
	if err == nil {
		return nil
	}
	for _, command := range commands {
		err := command.Err()
		if err == nil || errors.Is(err, redis.Nil) || !temporary(err) && !NeedsOperator(err) {
			continue
		}
		s.lookAround(ctx, err)
		return fmt.Errorf("asking for %v: %w", command.Args()[1], s.cfg.explain(err))
	}
	return nil
}
