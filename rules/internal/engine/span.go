package engine

import (
	"math"
	"slices"

	"muster/event"
	"muster/profile"
)

// noteEdges notes, for scales whose values time moves, which neighbouring
// cells of the ordered region a rule can tell apart. Comparing with >= 3
// makes a cell of 3 itself, but only leaving it downwards matters.
func (b *builder) noteEdges(formulas []*formula) {
	note := func(s *scale, behind int) {
		if behind > s.base && behind < s.cells {
			s.edges = append(s.edges, uint16(behind))
		}
	}
	for _, f := range formulas {
		f.each(func(l *literal) {
			switch {
			case l.scale == nil || l.scale.query == nil && l.scale.domain != age:
			case l.kind == span:
				low, high := l.ends()
				note(l.scale, low)
				note(l.scale, high)
			case l.kind == points:
				for _, v := range l.values {
					c := int(l.scale.cell(v))
					note(l.scale, c)
					note(l.scale, c+1)
				}
			}
		})
	}
	for _, s := range b.scales {
		slices.Sort(s.edges)
		s.edges = slices.Clip(slices.Compact(s.edges))
	}
}

// Cell implements profile.Cells.
func (s *scale) Cell(v event.Value) uint16 { return s.cell(v) }

// Span implements profile.Cells: it returns the numbers around those of a
// cell that no rule tells from them.
func (s *scale) Span(cell uint16) (profile.Span, bool) {
	if s.domain == texts || s.domain == versions || !s.isOrdered(cell) {
		return profile.Span{}, false
	}
	first, last := s.base, s.cells-1
	next, _ := slices.BinarySearch(s.edges, cell+1)
	if next > 0 {
		first = int(s.edges[next-1])
	}
	if next < len(s.edges) {
		last = int(s.edges[next]) - 1
	}
	span := profile.Span{Low: math.Inf(-1), High: math.Inf(1), WithLow: true, WithHigh: true}
	// The cells between two constants are even, those of a constant odd.
	if k := first - s.base; k > 0 {
		span.Low, span.WithLow = s.numbers[(k-1)/2], k&1 != 0
	}
	if k := last - s.base; k < 2*len(s.numbers) {
		span.High, span.WithHigh = s.numbers[k/2], k&1 != 0
	}
	return span, true
}
