package engine

import (
	"math"
	"slices"

	"muster/event"
	"muster/profile"
)

// noteBoundaries notes, for scales whose values time moves, which neighbouring
// cells of the ordered region a rule can tell apart. Comparing with >= 3
// makes a cell of 3 itself, but only leaving it downwards matters.
func (b *Builder) noteBoundaries(formulas []*formula) {
	note := func(s *scale, behind int) {
		if behind > s.base && behind < s.cells {
			s.boundaries = append(s.boundaries, uint16(behind))
		}
	}
	for _, f := range formulas {
		f.each(func(lit *literal) {
			switch {
			case lit.scale == nil || lit.scale.query == nil && lit.scale.domain != domainAge:
			case lit.kind == literalRange:
				low, high := lit.ends()
				note(lit.scale, low)
				note(lit.scale, high)
			case lit.kind == literalOneOf:
				for _, v := range lit.values {
					c := int(lit.scale.cell(v))
					note(lit.scale, c)
					note(lit.scale, c+1)
				}
			}
		})
	}
	for _, s := range b.scales {
		slices.Sort(s.boundaries)
		s.boundaries = slices.Clip(slices.Compact(s.boundaries))
	}
}

// Cell implements profile.Cells.
func (s *scale) Cell(v event.Value) uint16 { return s.cell(v) }

// Interval implements profile.Cells: it returns the numbers around those of a
// cell that no rule tells from them.
func (s *scale) Interval(cell uint16) (profile.Interval, bool) {
	if s.ofTexts() || !s.isOrdered(cell) {
		return profile.Interval{}, false
	}
	first, last := s.base, s.cells-1
	next, _ := slices.BinarySearch(s.boundaries, cell+1)
	if next > 0 {
		first = int(s.boundaries[next-1])
	}
	if next < len(s.boundaries) {
		last = int(s.boundaries[next]) - 1
	}
	interval := profile.Interval{Low: math.Inf(-1), High: math.Inf(1), WithLow: true, WithHigh: true}
	// The cells between two constants are even, those of a constant odd.
	if k := first - s.base; k > 0 {
		interval.Low, interval.WithLow = s.numbers[(k-1)/2], k&1 != 0
	}
	if k := last - s.base; k < 2*len(s.numbers) {
		interval.High, interval.WithHigh = s.numbers[k/2], k&1 != 0
	}
	return interval, true
}
