package activation

import (
	"context"
	"sync"
	"time"
)

// State is whether a destination is sent to.
type State string

// The states of a destination.
const (
	Active   State = "active"
	Paused   State = "paused"   // by an operator, until resumed
	Disabled State = "disabled" // by the destination's own answer, until enabled
)

// Control is what is stored of the states of destinations.
type Control interface {
	// State returns the state of a destination; one of which nothing is stored
	// is active.
	State(ctx context.Context, destination string) (State, error)
	// Disable has nobody send to a destination until it is enabled.
	Disable(ctx context.Context, destination, reason string) error
}

// states remembers the states of destinations for lookEvery, for all shards of
// a process. The zero value remembers none.
type states struct {
	mu    sync.Mutex
	known map[string]knownState
}

type knownState struct {
	state State
	until time.Time
}

// of returns the state of a destination, and whether it has become active
// again since somebody asked.
func (s *states) of(ctx context.Context, control Control, destination string) (state State, back bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.known[destination]
	if time.Now().Before(before.until) {
		return before.state, false, nil
	}
	if state, err = control.State(ctx, destination); err != nil {
		return "", false, err
	}
	if s.known == nil {
		s.known = map[string]knownState{}
	}
	s.known[destination] = knownState{state, time.Now().Add(lookEvery)}
	return state, state == Active && before.state != "" && before.state != Active, nil
}

// forget has the state looked up the next time that somebody asks.
func (s *states) forget(destination string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.known[destination]; ok {
		known.until = time.Time{}
		s.known[destination] = known
	}
}
