package profile

import "muster/event"

// Reduce says how a Query makes one value of a window's events.
type Reduce uint8

// The reductions. Of no events, Count, Sum and Distinct are 0 and the others
// are missing.
const (
	ReduceCount Reduce = iota
	ReduceSum
	ReduceMean
	ReduceMin
	ReduceMax
	ReduceDistinct
	ReduceFirst
	ReduceLast
	ReduceSequence  // when the complete sequence of the steps that began last began
	ReduceAbandoned // the last event of the first step, unless one of the second stands after it
)

// Query reads one value off a series. On a sliding series the window is
// (now-From, now-To], in milliseconds; a total has none. A KeepRecentSequence has
// From only: what began before is missing.
type Query struct {
	Series int
	Reduce Reduce
	From   int64
	To     int64
}

// Read returns the value of a query at stream time now.
func (p *Profile) Read(s *Schema, q Query, now int64) event.Value {
	pts := p.find(s, q.Series)
	if pts == nil {
		return ofNone(q.Reduce)
	}
	switch k := s.Series[q.Series].Keep; {
	case k.Ordered():
		return pts.steps.read(q, now)
	case !k.Sliding():
		return pts.total(q.Reduce)
	}
	return pts.window(q, now)
}

// NextChange returns the first instant after now at which the query's value
// may change without an event, or 0 when there is none. It may name one at
// which the value stays the same.
func (p *Profile) NextChange(s *Schema, q Query, now int64) int64 {
	pts := p.find(s, q.Series)
	if pts == nil || !s.Series[q.Series].Keep.Sliding() {
		return 0
	}
	v := pts.view(q, now)
	if q.Reduce == ReduceLast && q.To == 0 {
		return v.end()
	}
	return v.next()
}

func ofNone(r Reduce) event.Value {
	if r == ReduceCount || r == ReduceSum || r == ReduceDistinct {
		return event.NumberOf(0)
	}
	return event.Value{}
}

// total reads a series that folds the events of all time.
func (p *points) total(r Reduce) event.Value {
	switch r {
	case ReduceDistinct:
		return event.NumberOf(float64(len(p.vals)))
	case ReduceFirst, ReduceLast:
		if len(p.vals) == 0 { // all that came was too long to be kept
			return event.Value{}
		}
		return decodeValue(p.vals[0])
	}
	return p.reduce(r, p.lumps, p.head, len(p.times))
}

// window reads the entries and lumps whose time lies in (now-From, now-To].
// A lump counts while its newest entry does.
func (p *points) window(q Query, now int64) event.Value {
	v := p.view(q, now)
	switch q.Reduce {
	case ReduceDistinct:
		return event.NumberOf(float64(distinct(p.values()[v.from:v.to])))
	case ReduceFirst, ReduceLast:
		return decodeValue(v.edge(q.Reduce))
	}
	lumps, i, j := v.split()
	return p.reduce(q.Reduce, lumps, p.head+i, p.head+j)
}

// reduce sums up lumps and the entries i to j of the columns.
func (p *points) reduce(r Reduce, lumps []lump, i, j int) event.Value {
	all := total(lumps)
	if r == ReduceCount {
		return event.NumberOf(float64(all.count + int64(j-i)))
	}
	all.count += int64(j - i)
	switch {
	case i == j:
	case r == ReduceMin || r == ReduceMax:
		if all.count == int64(j-i) {
			all.min, all.max = p.nums[i], p.nums[i]
		}
		for _, v := range p.nums[i:j] {
			all.min, all.max = min(all.min, v), max(all.max, v)
		}
	case j-i <= foldUpTo:
		if sum, ok := fewHundredths(p.nums[i:j]); ok && len(lumps) == 0 {
			return ofHundredths(r, sum, all.count)
		}
		all.sum = all.sum.plus(sumOf(p.nums[i:j]))
	default:
		all.sum = all.sum.plus(p.running().between(i, j))
	}
	return all.value(r)
}

// ofHundredths is a sum, or a mean of a few numbers, given in hundredths. Both
// are quotients of exact numbers.
func ofHundredths(r Reduce, sum float64, count int64) event.Value {
	if r == ReduceSum {
		return event.NumberOf(sum / 100)
	}
	return event.NumberOf(sum / float64(100*count))
}

// total sums up lumps.
func total(lumps []lump) lump {
	var all lump
	for i := range lumps {
		if all.count == 0 {
			all = lumps[i]
		} else {
			all.merge(lumps[i])
		}
	}
	return all
}

func (b *lump) value(r Reduce) event.Value {
	if b.count == 0 {
		return ofNone(r)
	}
	switch r {
	case ReduceSum:
		return event.NumberOf(b.sum.float())
	case ReduceMean:
		return event.NumberOf(b.sum.mean(b.count))
	case ReduceMin:
		return event.NumberOf(b.min)
	}
	return event.NumberOf(b.max)
}

func distinct(vals []string) int {
	if len(vals) < 2 {
		return len(vals)
	}
	// Most windows hold few values many times, and room for all of them costs
	// more than a map that grows now and then.
	set := make(map[string]struct{}, min(len(vals), 64))
	for _, v := range vals {
		set[distinctForm(v)] = struct{}{}
	}
	return len(set)
}
