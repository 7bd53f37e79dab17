package sink

import "time"

// SetClock has flows kept by another clock. Redis goes by its own still.
func (s *Store) SetClock(now func() time.Time) { s.now = now }

// MostOpen is how many segments of a page an owner remembers.
const MostOpen = mostOpen

// Clock is the clock by which flows are kept.
func (s *Store) Clock() func() time.Time { return s.now }
