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

// Orders are what is to be done with a destination.
type Orders struct {
	State State
	// Run is the snapshot run that was asked for last, and Replay the replay that
	// was, "" for none.
	Run, Replay string
}

// Control is what is stored of what is to be done with destinations.
type Control interface {
	// Orders returns those of a destination; one of which nothing is stored is
	// active.
	Orders(ctx context.Context, destination string) (Orders, error)
	// Request asks all shards for a snapshot run in place of the one that was
	// asked for before. When another than that one is asked for by now it does
	// nothing.
	Request(ctx context.Context, destination, run, instead string) error
	// Disable has nobody send to a destination until it is enabled.
	Disable(ctx context.Context, destination, reason string) error
}

// states remembers the orders of destinations for lookEvery, for all shards of
// a process. The zero value remembers none.
type states struct {
	mu    sync.Mutex
	known map[string]knownState
}

type knownState struct {
	orders Orders
	until  time.Time
}

// of returns the orders of a destination, and whether it has become active
// again since somebody asked.
func (s *states) of(ctx context.Context, control Control, destination string) (orders Orders, back bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.known[destination]
	if time.Now().Before(before.until) {
		return before.orders, false, nil
	}
	if orders, err = control.Orders(ctx, destination); err != nil {
		return Orders{}, false, err
	}
	if s.known == nil {
		s.known = map[string]knownState{}
	}
	s.known[destination] = knownState{orders, time.Now().Add(lookEvery)}
	state := before.orders.State
	return orders, orders.State == Active && state != "" && state != Active, nil
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
