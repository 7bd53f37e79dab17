package sink

import (
	"context"
	"fmt"
	"strconv"
)

// schema is the version of the keys and of what they hold, profiles apart:
// those carry a version of their own.
const schema = 1

// Fields of the deployment's hash.
const (
	fieldShards  = "shards"
	fieldBuckets = "buckets"
	fieldSchema  = "schema"
)

// Init records the number of shards, which is that of the keyed topic's
// partitions. It may be repeated; a different number is refused with
// ErrMismatch, as profiles would be looked up in the wrong shards.
func (s *Store) Init(ctx context.Context, shards int) error {
	if shards < 1 {
		return fmt.Errorf("initialising: %d shards, at least 1 is needed", shards)
	}
	err := s.retry(ctx, "initialising", func(ctx context.Context) error {
		pipe := s.client.TxPipeline()
		for field, value := range map[string]int{fieldShards: shards, fieldBuckets: s.cfg.Buckets, fieldSchema: schema} {
			pipe.HSetNX(ctx, s.keys.deployment(), field, value)
		}
		_, err := pipe.Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("initialising %s: %w", s.keys.deployment(), err)
	}
	return s.Check(ctx, shards)
}

// Check returns ErrNotInitialised when Init was never run, and ErrMismatch
// when the deployment has another number of shards than the keyed topic has
// partitions.
func (s *Store) Check(ctx context.Context, shards int) error {
	stored, err := s.deployment(ctx)
	if err != nil {
		return err
	}
	if stored != shards {
		return fmt.Errorf("%s was made for %d shards, the keyed topic has %d partitions: use the topic it was made for, "+
			"or start a new deployment under another prefix and replay: %w", s.keys.deployment(), stored, shards, ErrMismatch)
	}
	return nil
}

// deployment returns the number of shards, after checking all else.
func (s *Store) deployment(ctx context.Context) (shards int, err error) {
	key := s.keys.deployment()
	var stored map[string]string
	err = s.retry(ctx, "reading deployment", func(ctx context.Context) error {
		stored, err = s.client.HGetAll(ctx, key).Result()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", key, err)
	}
	if len(stored) == 0 {
		return 0, fmt.Errorf("%s is missing: %w", key, ErrNotInitialised)
	}
	if got := stored[fieldSchema]; got != strconv.Itoa(schema) {
		return 0, fmt.Errorf("%s has schema %q, this version reads %d: run the version that wrote it, "+
			"or start a new deployment under another prefix and replay: %w", key, got, schema, ErrMismatch)
	}
	if got := stored[fieldBuckets]; got != strconv.Itoa(s.cfg.Buckets) {
		return 0, fmt.Errorf("%s was made with %s buckets, the configuration says %d: set `buckets: %s`: %w",
			key, got, s.cfg.Buckets, got, ErrMismatch)
	}
	shards, err = strconv.Atoi(stored[fieldShards])
	if err != nil || shards < 1 {
		return 0, fmt.Errorf("%s has %q shards: %w", key, stored[fieldShards], ErrMismatch)
	}
	return shards, nil
}
