package sink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// DestinationState returns the stored state of a destination and why it has
// it, "" when nothing is stored.
func (s *Store) DestinationState(ctx context.Context, destination string) (state, reason string, err error) {
	err = s.retry(ctx, "reading destinations", func(ctx context.Context) error {
		fields, err := s.client.HMGet(ctx, s.keys.destinations(), destination+":state", destination+":reason").Result()
		if err != nil {
			return err
		}
		state, _ = fields[0].(string)
		reason, _ = fields[1].(string)
		return nil
	})
	if err != nil {
		return "", "", fmt.Errorf("reading the state of destination %s: %w", destination, err)
	}
	return state, reason, nil
}

// DestinationRun returns the snapshot run that was asked for last, "" for none.
func (s *Store) DestinationRun(ctx context.Context, destination string) (run string, err error) {
	err = s.retry(ctx, "reading destinations", func(ctx context.Context) error {
		run, err = s.client.HGet(ctx, s.keys.destinations(), destination+":run").Result()
		if errors.Is(err, redis.Nil) {
			run, err = "", nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("reading the snapshot run of destination %s: %w", destination, err)
	}
	return run, nil
}

// SetDestinationRun asks for a snapshot run.
func (s *Store) SetDestinationRun(ctx context.Context, destination, run string) error {
	err := s.retry(ctx, "writing destinations", func(ctx context.Context) error {
		return s.client.HSet(ctx, s.keys.destinations(), destination+":run", run).Err()
	})
	if err != nil {
		return fmt.Errorf("asking for snapshot run %s of destination %s: %w", run, destination, err)
	}
	return nil
}

// SetDestinationState stores the state of a destination and why it has it; ""
// removes both.
func (s *Store) SetDestinationState(ctx context.Context, destination, state, reason string) error {
	err := s.retry(ctx, "writing destinations", func(ctx context.Context) error {
		if state == "" {
			return s.client.HDel(ctx, s.keys.destinations(), destination+":state", destination+":reason").Err()
		}
		return s.client.HSet(ctx, s.keys.destinations(), destination+":state", state, destination+":reason", reason).Err()
	})
	if err != nil {
		return fmt.Errorf("writing the state of destination %s: %w", destination, err)
	}
	return nil
}

// knownDestinations returns the names of the destinations that have begun,
// sorted.
func (s *Store) knownDestinations(ctx context.Context) (names []string, err error) {
	err = s.retry(ctx, "reading destinations", func(ctx context.Context) error {
		fields, err := s.client.HKeys(ctx, s.keys.destinations()).Result()
		if err != nil {
			return err
		}
		names = names[:0]
		for _, field := range fields {
			if name, ok := strings.CutSuffix(field, ":layout"); ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", s.keys.destinations(), err)
	}
	return names, nil
}
