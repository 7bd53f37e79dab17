package sink

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// fieldID is the field of the deployment's hash by which Kafka knows it. One
// that was made before 0.2.0 has none until it is given one.
const fieldID = "id"

// Identity returns the deployment's id, "" while it has none.
func (s *Store) Identity(ctx context.Context) (id string, err error) {
	err = s.retry(ctx, "reading identity", func(ctx context.Context) error {
		id, err = s.client.HGet(ctx, s.keys.deployment(), fieldID).Result()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", s.keys.deployment(), err)
	}
	return id, nil
}

// Identify is Identity, and gives the deployment an id if it has none. Where
// there is no deployment it returns ErrNotInitialised and leaves nothing.
func (s *Store) Identify(ctx context.Context) (id string, err error) {
	key, fresh := s.keys.deployment(), rand.Text()
	err = s.retry(ctx, "giving an identity", func(ctx context.Context) error {
		return s.client.Watch(ctx, func(tx *redis.Tx) error {
			stored, err := tx.HGetAll(ctx, key).Result()
			switch id = stored[fieldID]; {
			case err != nil:
				return err
			case len(stored) == 0:
				return final("%s is missing: %w", key, ErrNotInitialised)
			case id != "":
				return nil
			}
			id = fresh
			_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				pipe.HSetNX(ctx, key, fieldID, fresh)
				return nil
			})
			return err
		}, key)
	})
	if err != nil {
		return "", fmt.Errorf("giving %s an identity: %w", key, err)
	}
	return id, nil
}
