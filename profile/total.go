package profile

import "muster/event"

// Total is what a stream's reductions make of numbers, for numbers that are
// no events: those of a list. The zero Total is of none.
type Total struct{ lump lump }

// Add takes in a number, which is finite.
func (t *Total) Add(f float64) { t.lump.add(0, f) }

// Value returns the exact sum, or the mean, rounded once, or the least or
// greatest number. The sum of none is 0 and the others are missing.
func (t *Total) Value(r Reduce) event.Value { return t.lump.value(r) }
