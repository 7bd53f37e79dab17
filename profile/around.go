package profile

// foldUpTo is the number of entries up to which adding them up is as fast
// as looking up running sums, and saves their memory.
const foldUpTo = 32

// Around returns numbers between which a query's value lies, the value
// itself where they are equal, without reading the whole window. It fails
// where it knows nothing quickly: then ask Read. It is for sums and means
// over a window, of which it knows the value itself.
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
	value, ok := window.settled(query.Reduce, pts.running())
	return value, value, ok
}

// running returns the points' running sums, up to date.
func (p *points) running() *sums {
	if p.sums == nil {
		p.sums = &sums{}
	}
	p.sums.extend(p.nums)
	return p.sums
}

// settled returns the sum or mean of a view, by running sums of its points.
// Of a view that holds nothing the sum is 0 and a mean is not known.
func (v *view) settled(reduce Reduce, of *sums) (value float64, ok bool) {
	if v.from == v.to {
		return 0, reduce == ReduceSum
	}
	lumps, i, j := v.split()
	i, j = v.points.head+i, v.points.head+j
	if reduce == ReduceSum && len(lumps) == 0 {
		return of.float(i, j), true
	}
	all := total(lumps)
	all.sum = all.sum.plus(of.between(i, j))
	if reduce == ReduceSum {
		return all.sum.float(), true
	}
	return all.sum.mean(all.count + int64(j-i)), true
}
