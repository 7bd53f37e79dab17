package profile

import "muster/event"

// Lookout finds the instants at which queries leave their cells with time
// alone. It is one goroutine's scratch space; the zero value is ready.
type Lookout struct {
	sums   sums           // of a series that has none of its own
	counts map[string]int // of the values in a window
}

// Next returns the first instant after now at which the query's value may
// leave the cell that it is in at now, 0 for none. It is never late. Of
// a value that is no number in an Interval it is the next that may change it. Where it has to
// follow a value, it follows it for so many crossings of the window's edges,
// at least 1, and returns the instant that it reached.
func (l *Lookout) Next(p *Profile, s *Schema, query Query, now int64, cells Cells, cell uint16, crossings int) int64 {
	pts := p.find(s, query.Series)
	if pts == nil || !s.Series[query.Series].Keep.Sliding() {
		return 0
	}
	window := pts.view(query, now)
	if query.Reduce == ReduceFirst || query.Reduce == ReduceLast {
		return window.nextEdge(query.Reduce, cells, cell, crossings)
	}
	interval, numbers := cells.Interval(cell)
	if !numbers {
		return window.next()
	}
	switch query.Reduce {
	case ReduceCount:
		return window.nextCount(interval, crossings)
	case ReduceSum, ReduceMean:
		return window.nextSum(query.Reduce, interval, l.running(pts), crossings)
	case ReduceDistinct:
		return l.nextDistinct(window, interval, crossings)
	}
	return window.nextExtreme(query.Reduce, interval, crossings)
}

// running returns running sums of points: their own, and where they keep
// none some made on the spot.
func (l *Lookout) running(p *points) *sums {
	own := p.sums
	if own == nil {
		l.sums.cut(-1)
		own = &l.sums
	}
	own.extend(p.nums)
	return own
}

// step moves the view to the next instant at which an item leaves or enters
// and returns it, 0 for none.
func (v *view) step() int64 {
	at := v.next()
	if at == 0 {
		return 0
	}
	for v.from < v.len() && v.leaves(v.from) <= at {
		v.from++
	}
	for v.to < v.len() && v.at(v.to)+v.near <= at {
		v.to++
	}
	v.to = max(v.to, v.from)
	return at
}

// nextEdge follows the first or last entry.
func (v view) nextEdge(reduce Reduce, cells Cells, cell uint16, crossings int) int64 {
	if reduce == ReduceLast && v.near == 0 {
		if cells.Cell(event.Value{}) == cell {
			return 0
		}
		return v.end()
	}
	known, at := v.edge(reduce), int64(0)
	for range crossings {
		if at = v.step(); at == 0 {
			return 0
		}
		if one := v.edge(reduce); one != known {
			if cells.Cell(decodeValue(one)) != cell {
				return at
			}
			known = one
		}
	}
	return at
}
