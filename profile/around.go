package profile

// foldUpTo is the number of entries up to which adding them up is as fast
// as looking up running sums, and saves their memory.
const foldUpTo = 32

// Around returns numbers between which a query's value lies, the value
// itself where they are equal, without reading the whole window. It fails
// where it knows nothing quickly: then ask Read. It is for sums and means
// over a window.
func (p *Profile) Around(s *Schema, query Query, now int64) (low, high float64, ok bool) {
	if query.Reduce != ReduceSum && query.Reduce != ReduceMean || s.Series[query.Series].Keep != KeepSlidingNumbers {
		return 0, 0, false
	}
	pts := p.find(s, query.Series)
	if pts == nil {
		return 0, 0, false
	}
	window := pts.view(query, now)
	if window.to-window.from <= foldUpTo {
		return 0, 0, false
	}
	if pts.sums == nil {
		pts.sums = &sums{}
	}
	pts.sums.extend(pts.nums)
	return window.around(query.Reduce, pts.sums)
}

// around returns numbers between which the sum or mean of a view lies, by
// running sums of its points. Of a view that holds nothing the sum is 0 and
// a mean is not known.
func (v *view) around(reduce Reduce, of *sums) (low, high float64, ok bool) {
	if v.from == v.to {
		return 0, 0, reduce == ReduceSum
	}
	buckets, i, j := v.split()
	folded := total(buckets)
	sum, off, ok := of.between(v.points.head+i, v.points.head+j, folded.sum)
	low, high = sum-off, sum+off
	if reduce == ReduceMean {
		// Dividing keeps the order: rounding never turns two numbers round.
		n := float64(folded.count + int64(j-i))
		low, high = low/n, high/n
	}
	return low, high, ok
}
