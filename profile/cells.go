package profile

import (
	"math"

	"muster/event"
)

// Cells divides the values that a query may yield: what reads the query
// can't tell values of one cell apart. The numbers of a cell must be a Span,
// if any are.
type Cells interface {
	Cell(event.Value) uint16
	// Span returns the numbers of a cell, and false for a cell with others.
	Span(cell uint16) (Span, bool)
}

// Span is a stretch of numbers: those between Low and High, both excluded,
// or, when the two are equal, that number.
type Span struct {
	Low, High float64
	// Below and Above say that it has no lower and no upper end: Low and High
	// are the infinities then, and in the span.
	Below, Above bool
}

// has reports whether a number lies in the span.
func (s *Span) has(f float64) bool {
	if s.Low == s.High && !s.Below && !s.Above {
		return f == s.Low
	}
	return !math.IsNaN(f) && (s.Below || f > s.Low) && (s.Above || f < s.High)
}

// covers reports whether all numbers from low to high lie in the span.
func (s *Span) covers(low, high float64) bool { return s.has(low) && s.has(high) }
