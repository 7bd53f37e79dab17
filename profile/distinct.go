package profile

import "math"

// keptCounts is the number of distinct values up to which a Lookout keeps
// its map for the next window: clearing a large one takes its size in time.
const keptCounts = 4096

// nextDistinct returns when the number of distinct values may leave an interval.
func (l *Lookout) nextDistinct(window view, interval Interval, crossings int) int64 {
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	var at int64
	if window.near == 0 {
		at = l.nextFewer(&window, interval)
	} else {
		at = l.followDistinct(&window, interval, crossings)
	}
	if len(l.counts) > keptCounts {
		l.counts = nil
	} else {
		clear(l.counts)
	}
	return at
}

// nextFewer returns when so many entries have left that the values of the
// rest are too few for an interval. The newest entries tell.
func (l *Lookout) nextFewer(window *view, interval Interval) int64 {
	if interval.has(0) {
		return 0
	}
	least := math.Ceil(interval.Low)
	if least == interval.Low && !interval.WithLow {
		least++
	}
	vals := window.points.values()
	for k := window.to - 1; k >= window.from; k-- {
		if k < window.to-1 && vals[k] == vals[k+1] {
			continue
		}
		l.counts[distinctForm(vals[k])] = 1
		if float64(len(l.counts)) >= least {
			return window.leaves(k)
		}
	}
	return window.next()
}

// followDistinct counts the values of a window as they come and leave.
func (l *Lookout) followDistinct(window *view, interval Interval, crossings int) int64 {
	vals := window.points.values()
	for _, one := range vals[window.from:window.to] {
		l.counts[distinctForm(one)]++
	}
	at := int64(0)
	for range crossings {
		from, to := window.from, window.to
		if at = window.step(); at == 0 {
			return 0
		}
		for _, one := range vals[from:window.from] {
			one = distinctForm(one)
			if l.counts[one]--; l.counts[one] == 0 {
				delete(l.counts, one)
			}
		}
		for _, one := range vals[to:window.to] {
			l.counts[distinctForm(one)]++
		}
		if !interval.has(float64(len(l.counts))) {
			break
		}
	}
	return at
}
