package profile

import "muster/event"

// Cells divides the values that a query may yield: what reads the query
// can't tell values of one cell apart.
type Cells interface {
	Cell(event.Value) uint16
	// Interval returns numbers that can't be told from those of a cell either. It
	// reports false for a cell of other values, or of NaN.
	Interval(cell uint16) (Interval, bool)
}

// Interval is a stretch of numbers.
type Interval struct {
	Low, High         float64
	WithLow, WithHigh bool // whether Low and High belong to it
}

// has reports whether a number lies in the interval.
func (s *Interval) has(f float64) bool {
	return s.reaches(f) && (f < s.High || f == s.High && s.WithHigh)
}

// reaches reports whether a number lies in the interval or above it.
func (s *Interval) reaches(f float64) bool { return f > s.Low || f == s.Low && s.WithLow }
