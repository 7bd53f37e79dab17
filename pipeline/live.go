package pipeline

import (
	"sync/atomic"

	"muster/rules"
)

// Edition is a rule set and its number: 1 for the set that a process starts
// with, one more for each that takes its place.
type Edition struct {
	Set    *rules.Set
	Number uint64
}

// Live is the rule set in force in a process. Workers look at it between
// batches, at the price of one atomic read; nobody ever waits for it. It is
// safe for concurrent use.
type Live struct{ current atomic.Pointer[Edition] }

// NewLive returns a Live with its first edition.
func NewLive(set *rules.Set) *Live {
	l := &Live{}
	l.current.Store(&Edition{Set: set, Number: 1})
	return l
}

// Current returns the newest edition. Its number never falls.
func (l *Live) Current() Edition { return *l.current.Load() }

// Publish puts a rule set in force, from each worker's next batch on, and
// returns its edition.
func (l *Live) Publish(set *rules.Set) Edition {
	for {
		before := l.current.Load()
		next := &Edition{Set: set, Number: before.Number + 1}
		if l.current.CompareAndSwap(before, next) {
			return *next
		}
	}
}
