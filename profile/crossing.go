package profile

import (
	"math"
	"sort"
)

// Windows that end now only lose items. For these each function finds the
// instant at once; it follows the others from instant to instant.

// nextCount returns when the number of events may leave an interval.
func (v view) nextCount(interval Interval, crossings int) int64 {
	count := 0
	for k := v.from; k < v.to; k++ {
		if k == v.lumps {
			count += v.to - k
			break
		}
		count += v.count(k)
	}
	switch {
	case !interval.has(float64(count)):
		return v.next()
	case v.near == 0:
		return v.nextLoss(count, interval)
	}
	at := int64(0)
	for range crossings {
		from, to := v.from, v.to
		if at = v.step(); at == 0 {
			return 0
		}
		for ; from < v.from; from++ {
			count -= v.count(from)
		}
		for ; to < v.to; to++ {
			count += v.count(to)
		}
		if !interval.has(float64(count)) {
			break
		}
	}
	return at
}

// count returns how many events an item stands for.
func (v *view) count(item int) int {
	if item < v.lumps {
		return int(v.points.lumps[item].count)
	}
	return 1
}

// nextLoss returns when n events, losing the oldest one by one, are too few
// for an interval.
func (v *view) nextLoss(n int, interval Interval) int64 {
	k := v.from
	for ; k < v.lumps && k < v.to; k++ {
		if n -= v.count(k); !interval.has(float64(n)) {
			return v.leaves(k)
		}
	}
	gone := sort.Search(n, func(i int) bool { return !interval.has(float64(n - 1 - i)) })
	if gone == n {
		return 0
	}
	return v.leaves(k + gone)
}

// nextSum returns when a sum or mean may leave an interval.
func (v view) nextSum(reduce Reduce, interval Interval, of *sums, crossings int) int64 {
	if reduce == ReduceSum && v.near == 0 && of.positive && v.from >= v.lumps {
		return v.nextDecline(interval, of)
	}
	at := int64(0)
	for range crossings {
		if at = v.step(); at == 0 {
			return 0
		}
		value, ok := v.settled(reduce, of)
		if !ok || !interval.has(value) {
			break
		}
	}
	return at
}

// nextDecline returns when a sum of entries none of which is below 0 may
// have fallen out of an interval. It never rises.
func (v *view) nextDecline(interval Interval, of *sums) int64 {
	_, i, j := v.split()
	i, j = v.points.head+i, v.points.head+j
	gone := sort.Search(j-i, func(k int) bool { return !interval.reaches(of.float(i+k+1, j)) })
	if gone == j-i {
		return 0
	}
	return v.leaves(v.from + gone)
}

// nextExtreme returns when a minimum or maximum may leave an interval: when the
// last item in the interval leaves the window, or one beyond it enters.
func (v view) nextExtreme(reduce Reduce, interval Interval, crossings int) int64 {
	if v.near == 0 {
		for k := v.to - 1; k >= v.from; k-- {
			if interval.has(v.extreme(reduce, k)) {
				return v.leaves(k)
			}
		}
		return v.next()
	}
	within := 0
	for k := v.from; k < v.to; k++ {
		if interval.has(v.extreme(reduce, k)) {
			within++
		}
	}
	at := int64(0)
	for range crossings {
		from, to := v.from, v.to
		if at = v.step(); at == 0 {
			return 0
		}
		for ; from < v.from; from++ {
			if interval.has(v.extreme(reduce, from)) {
				within--
			}
		}
		for ; to < v.to; to++ {
			switch x := v.extreme(reduce, to); {
			case interval.has(x):
				within++
			case reduce == ReduceMin && !interval.reaches(x), reduce == ReduceMax && (interval.reaches(x) || math.IsNaN(x)):
				return at
			}
		}
		if within == 0 {
			break
		}
	}
	return at
}

// extreme returns the least or greatest number of an item.
func (v *view) extreme(r Reduce, item int) float64 {
	switch {
	case item >= v.lumps:
		return v.points.nums[v.points.head+item-v.lumps]
	case r == ReduceMin:
		return v.points.lumps[item].min
	}
	return v.points.lumps[item].max
}
