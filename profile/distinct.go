package profile

import "math"

// keptCounts is the number of distinct values up to which a Lookout keeps
// its map for the next window: clearing a large one takes its size in time.
const keptCounts = 4096

// nextDistinct returns when the number of distinct values may leave an interval.
func (l *Lookout) nextDistinct(v view, interval Interval, crossings int) int64 {
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	var at int64
	if v.near == 0 {
		at = l.nextFewer(&v, interval)
	} else {
		at = l.followDistinct(&v, interval, crossings)
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
func (l *Lookout) nextFewer(v *view, interval Interval) int64 {
	if interval.has(0) {
		return 0
	}
	least := math.Ceil(interval.Low)
	if least == interval.Low && !interval.WithLow {
		least++
	}
	vals := v.points.values()
	for k := v.to - 1; k >= v.from; k-- {
		if k < v.to-1 && vals[k] == vals[k+1] {
			continue
		}
		l.counts[vals[k]] = 1
		if float64(len(l.counts)) >= least {
			return v.leaves(k)
		}
	}
	return v.next()
}

// followDistinct counts the values of a window as they come and leave.
func (l *Lookout) followDistinct(v *view, interval Interval, crossings int) int64 {
	vals := v.points.values()
	for _, one := range vals[v.from:v.to] {
		l.counts[one]++
	}
	at := int64(0)
	for range crossings {
		from, to := v.from, v.to
		if at = v.step(); at == 0 {
			return 0
		}
		for _, one := range vals[from:v.from] {
			if l.counts[one]--; l.counts[one] == 0 {
				delete(l.counts, one)
			}
		}
		for _, one := range vals[to:v.to] {
			l.counts[one]++
		}
		if !interval.has(float64(len(l.counts))) {
			break
		}
	}
	return at
}
