package sink

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Orders are what is stored of what is to be done with a destination, "" for
// nothing.
type Orders struct {
	State, Reason string // of State
	Run           string // the snapshot run that was asked for last
	Replay        string // the replay that was
}

// DestinationState returns the stored state of a destination and why it has
// it, "" when nothing is stored.
func (s *Store) DestinationState(ctx context.Context, destination string) (state, reason string, err error) {
	o, err := s.Orders(ctx, destination)
	return o.State, o.Reason, err
}

// Orders returns what is to be done with a destination.
func (s *Store) Orders(ctx context.Context, destination string) (Orders, error) {
	var o Orders
	texts := []*string{&o.State, &o.Reason, &o.Run, &o.Replay}
	fields := []string{destination + ":state", destination + ":reason", destination + ":run", destination + ":replay"}
	err := s.retry(ctx, "reading destinations", func(ctx context.Context) error {
		values, err := s.client.HMGet(ctx, s.keys.destinations(), fields...).Result()
		for i, value := range values {
			*texts[i], _ = value.(string)
		}
		return err
	})
	if err != nil {
		return Orders{}, fmt.Errorf("reading the state of destination %s: %w", destination, err)
	}
	return o, nil
}

// SetDestinationReplay has all who deliver to a destination look where they are.
func (s *Store) SetDestinationReplay(ctx context.Context, destination, replay string) error {
	err := s.retry(ctx, "writing destinations", func(ctx context.Context) error {
		return s.client.HSet(ctx, s.keys.destinations(), destination+":replay", replay).Err()
	})
	if err != nil {
		return fmt.Errorf("telling of the replay of destination %s: %w", destination, err)
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
