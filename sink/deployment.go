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
// partitions, or is being resharded.
func (s *Store) Check(ctx context.Context, shards int) error {
	l, err := s.deployment(ctx)
	if err != nil {
		return err
	}
	if l.Next != nil {
		return fmt.Errorf("%s is being resharded to %s: finish it by running evaluator reshard again, or give it up "+
			"with evaluator reshard --abandon: %w", s.keys.deployment(), l.Next, ErrMismatch)
	}
	if l.Current.Shards != shards {
		return fmt.Errorf("%s was made for %d shards, the keyed topic has %d partitions: use the topic it was made for, "+
			"change the number of shards with evaluator reshard, or start a new deployment under another prefix and replay: %w",
			s.keys.deployment(), l.Current.Shards, shards, ErrMismatch)
	}
	return s.current(l)
}

// current returns ErrMismatch when the deployment was resharded since the
// store was made: it would look in the wrong keys.
func (s *Store) current(l Layouts) error {
	if s.keys.layout != l.Current.Number {
		return fmt.Errorf("%s was resharded to %s since this process looked: start it again: %w",
			s.keys.deployment(), l.Current, ErrMismatch)
	}
	return nil
}

// shards returns the number of shards of the current layout.
func (s *Store) shards(ctx context.Context) (int, error) {
	l, err := s.deployment(ctx)
	if err == nil {
		err = s.current(l)
	}
	return l.Current.Shards, err
}

// deployment returns the layouts, after checking all else.
func (s *Store) deployment(ctx context.Context) (Layouts, error) {
	key := s.keys.deployment()
	var stored map[string]string
	err := s.retry(ctx, "reading deployment", func(ctx context.Context) (err error) {
		stored, err = s.client.HGetAll(ctx, key).Result()
		return err
	})
	if err != nil {
		return Layouts{}, fmt.Errorf("reading %s: %w", key, err)
	}
	if len(stored) == 0 {
		return Layouts{}, fmt.Errorf("%s is missing: %w", key, ErrNotInitialised)
	}
	if got := stored[fieldSchema]; got != strconv.Itoa(schema) {
		return Layouts{}, fmt.Errorf("%s has schema %q, this version reads %d: run the version that wrote it, "+
			"or start a new deployment under another prefix and replay: %w", key, got, schema, ErrMismatch)
	}
	if got := stored[fieldBuckets]; got != strconv.Itoa(s.cfg.Buckets) {
		return Layouts{}, fmt.Errorf("%s was made with %s buckets, the configuration says %d: set `buckets: %s`: %w",
			key, got, s.cfg.Buckets, got, ErrMismatch)
	}
	return parseLayouts(key, stored)
}
