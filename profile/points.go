package profile

import (
	"slices"
	"sort"
	"strings"

	"muster/event"
)

const (
	// lateTail is how many of its newest entries a total of numbers keeps
	// apart, so that late events are summed in order of event time. An
	// event later than that is added last, which may change the sum in its
	// last bit.
	lateTail = 32
	// bucketEntries is how many entries a new bucket of a full series takes,
	// at most half of the bound; maxBuckets is how many there are before two
	// are merged.
	bucketEntries = 64
	maxBuckets    = 64
)

// points is what a profile keeps of one series: entries sorted by event
// time, ties in order of arrival, and buckets with what is no longer kept
// entry by entry, oldest first.
type points struct {
	series  int
	times   []int64
	nums    []float64 // of Numbers
	vals    []string  // encoded values of Distinct (sorted), First, Last and Values
	buckets []bucket
}

// bucket sums up entries that are no longer kept one by one.
type bucket struct {
	first, last   int64 // event times
	count         int64
	sum, min, max float64
}

func (b *bucket) add(at int64, v float64) {
	if b.count == 0 {
		*b = bucket{first: at, last: at, count: 1, sum: v, min: v, max: v}
		return
	}
	b.first, b.last = min(b.first, at), max(b.last, at)
	b.count++
	b.sum += v
	b.min, b.max = min(b.min, v), max(b.max, v)
}

func (b *bucket) merge(c bucket) {
	b.first, b.last = min(b.first, c.first), max(b.last, c.last)
	b.count += c.count
	b.sum += c.sum
	b.min, b.max = min(b.min, c.min), max(b.max, c.max)
}

// add takes one event and reports whether the points changed.
func (p *points) add(s *Series, ev *event.Event, now int64, limit int) bool {
	switch s.Keep {
	case TotalCount:
		p.fold(ev.Time, 0)
		return true
	case TotalNumbers:
		return p.addNumber(s, ev, lateTail)
	case TotalDistinct:
		return p.addDistinct(encodeKey(s.Project(ev)), limit)
	case TotalFirst, TotalLast:
		return p.addEdge(s, ev)
	}
	return p.addSliding(s, ev, now, limit)
}

func (p *points) addSliding(s *Series, ev *event.Event, now int64, limit int) bool {
	p.expire(now - s.Window)
	if ev.Time <= now-s.Window {
		return false
	}
	switch {
	case s.Keep == SlidingNumbers:
		return p.addNumber(s, ev, limit)
	case s.Keep == SlidingValues:
		i := p.place(ev.Time)
		p.vals = slices.Insert(p.vals, i, encodeValue(s.Project(ev)))
	case p.folded(ev.Time):
		p.foldLate(ev.Time, 0)
	default:
		p.place(ev.Time)
	}
	p.shrink(limit)
	return true
}

// folded reports whether an event at that time belongs into a bucket.
func (p *points) folded(at int64) bool {
	n := len(p.buckets)
	return n > 0 && at < p.buckets[n-1].last
}

func (p *points) addNumber(s *Series, ev *event.Event, limit int) bool {
	v := s.Project(ev)
	if v.Kind() != event.KindNumber {
		return false
	}
	if p.folded(ev.Time) {
		p.foldLate(ev.Time, v.Number())
		return true
	}
	i := p.place(ev.Time)
	p.nums = slices.Insert(p.nums, i, v.Number())
	if s.Keep == TotalNumbers && len(p.times) > limit {
		p.fold(p.times[0], p.nums[0])
		p.times, p.nums = slices.Delete(p.times, 0, 1), slices.Delete(p.nums, 0, 1)
		return true
	}
	p.shrink(limit)
	return true
}

func (p *points) addDistinct(key string, limit int) bool {
	i, found := slices.BinarySearch(p.vals, key)
	if found || len(p.vals) >= limit {
		return false
	}
	p.vals = slices.Insert(p.vals, i, key)
	return true
}

// addEdge keeps the first or the last event. Of events at the same time the
// first to arrive is first and the last to arrive is last.
func (p *points) addEdge(s *Series, ev *event.Event) bool {
	if len(p.times) == 0 {
		p.times, p.vals = []int64{ev.Time}, []string{encodeValue(s.Project(ev))}
		return true
	}
	if s.Keep == TotalFirst && ev.Time >= p.times[0] || s.Keep == TotalLast && ev.Time < p.times[0] {
		return false
	}
	p.times[0], p.vals[0] = ev.Time, encodeValue(s.Project(ev))
	return true
}

// place inserts an event time behind all that are not later.
func (p *points) place(at int64) int {
	i := len(p.times)
	if i > 0 && p.times[i-1] > at {
		i = sort.Search(i, func(i int) bool { return p.times[i] > at })
	}
	p.times = slices.Insert(p.times, i, at)
	return i
}

// fold adds to the only bucket of a total.
func (p *points) fold(at int64, v float64) {
	if len(p.buckets) == 0 {
		p.buckets = append(p.buckets, bucket{})
	}
	p.buckets[0].add(at, v)
}

// foldLate adds an event that is older than the newest folded one to the
// bucket it falls into.
func (p *points) foldLate(at int64, v float64) {
	i := sort.Search(len(p.buckets), func(i int) bool { return p.buckets[i].last >= at })
	p.buckets[i].add(at, v)
}

// expire forgets what no window reads any more.
func (p *points) expire(until int64) {
	n := sort.Search(len(p.times), func(i int) bool { return p.times[i] > until })
	p.cut(n)
	b := 0
	for b < len(p.buckets) && p.buckets[b].last <= until {
		b++
	}
	p.buckets = slices.Delete(p.buckets, 0, b)
}

// cut drops the n oldest entries.
func (p *points) cut(n int) {
	if n == 0 {
		return
	}
	p.times = slices.Delete(p.times, 0, n)
	if p.nums != nil {
		p.nums = slices.Delete(p.nums, 0, n)
	}
	if p.vals != nil {
		p.vals = slices.Delete(p.vals, 0, n)
	}
}

// shrink folds the oldest entries of a sliding series past its bound.
func (p *points) shrink(limit int) {
	if len(p.times) <= limit {
		return
	}
	n := min(bucketEntries, limit/2)
	if p.vals == nil {
		var b bucket
		for i := range n {
			v := 0.0
			if p.nums != nil {
				v = p.nums[i]
			}
			b.add(p.times[i], v)
		}
		p.buckets = append(p.buckets, b)
		p.mergeBuckets()
	}
	p.cut(n)
}

// mergeBuckets joins the two neighbours that together hold the least. Among
// more than 64 buckets they hold at most 1/32 of all, so none grows past
// that.
func (p *points) mergeBuckets() {
	if len(p.buckets) <= maxBuckets {
		return
	}
	least := 0
	for i := range len(p.buckets) - 1 {
		if p.buckets[i].count+p.buckets[i+1].count < p.buckets[least].count+p.buckets[least+1].count {
			least = i
		}
	}
	p.buckets[least].merge(p.buckets[least+1])
	p.buckets = slices.Delete(p.buckets, least+1, least+2)
}

// bytes estimates the memory the points take.
func (p *points) bytes() int {
	n := 128 + 8*cap(p.times) + 8*cap(p.nums) + 16*cap(p.vals) + 56*cap(p.buckets)
	for _, v := range p.vals {
		n += len(v)
	}
	return n
}

func cloneValue(v event.Value) event.Value {
	switch v.Kind() {
	case event.KindString:
		return event.StringOf(strings.Clone(v.Text()))
	case event.KindArray:
		list := make([]event.Value, v.Len())
		for i, e := range v.Elements() {
			list[i] = cloneValue(e)
		}
		return event.ArrayOf(list)
	case event.KindObject:
		pairs := make([]event.Value, 0, 2*v.Len())
		for i := range v.Len() {
			key, child := v.Field(i)
			pairs = append(pairs, event.StringOf(strings.Clone(key)), cloneValue(child))
		}
		return event.ObjectOf(pairs)
	}
	return v
}
