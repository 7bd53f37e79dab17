package sink

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// SetDestinationRun asks for a snapshot run in place of the one that was asked
// for before. It asks for nothing, and returns false, when by now another than
// that one is asked for; where none is, any will do.
func (s *Store) SetDestinationRun(ctx context.Context, destination, run, instead string) (asked bool, err error) {
	key, field := s.keys.destinations(), destination+":run"
	set := func(tx *redis.Tx) error {
		now, err := tx.HGet(ctx, key, field).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		// An attempt whose answer was lost may have landed.
		asked = now == "" || now == instead || now == run
		if !asked || now == run {
			return nil
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.HSet(ctx, key, field, run)
			return nil
		})
		return err
	}
	err = s.retry(ctx, "writing destinations", func(ctx context.Context) error {
		for {
			err := s.client.Watch(ctx, set, key)
			if !errors.Is(err, redis.TxFailedErr) || ctx.Err() != nil {
				return err
			}
			// Somebody has written there meanwhile, which is soon over.
		}
	})
	if err != nil {
		return false, fmt.Errorf("asking for snapshot run %s of destination %s: %w", run, destination, err)
	}
	return asked, nil
}
