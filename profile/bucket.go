package profile

import (
	"slices"
	"sort"
)

const (
	// bucketEntries is how many entries a new bucket of a full series takes,
	// at most half of the bound; maxBuckets is how many there are before two
	// are merged.
	bucketEntries = 64
	maxBuckets    = 64
)

// bucket sums up entries that are no longer kept one by one.
type bucket struct {
	first, last int64 // event times
	count       int64
	sum         decimal
	min, max    float64
}

func (b *bucket) add(at int64, v float64) {
	if b.count == 0 {
		*b = bucket{first: at, last: at, count: 1, sum: decimalOf(v), min: v, max: v}
		return
	}
	b.first, b.last = min(b.first, at), max(b.last, at)
	b.count++
	b.sum = b.sum.plus(decimalOf(v))
	b.min, b.max = min(b.min, v), max(b.max, v)
}

func (b *bucket) merge(c bucket) {
	b.first, b.last = min(b.first, c.first), max(b.last, c.last)
	b.count += c.count
	b.sum = b.sum.plus(c.sum)
	b.min, b.max = min(b.min, c.min), max(b.max, c.max)
}

// folded reports whether an event at that time belongs into a bucket.
func (p *points) folded(at int64) bool {
	n := len(p.buckets)
	return n > 0 && at < p.buckets[n-1].last
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

// shrink folds the oldest entries of a sliding series past its bound.
// Values have no buckets: they are forgotten.
func (p *points) shrink(limit int) {
	if p.len() <= limit {
		return
	}
	n := min(bucketEntries, limit/2)
	if p.vals != nil {
		p.cut(n)
		return
	}
	p.buckets = append(p.buckets, p.lump(n))
	p.mergeBuckets()
}

// lump takes the n oldest entries away and sums them up.
func (p *points) lump(n int) bucket {
	var b bucket
	for i := p.head; i < p.head+n; i++ {
		v := 0.0
		if p.nums != nil {
			v = p.nums[i]
		}
		b.add(p.times[i], v)
	}
	p.cut(n)
	return b
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
	p.joinBuckets(least)
}

// joinBuckets merges a bucket with the next.
func (p *points) joinBuckets(i int) {
	p.buckets[i].merge(p.buckets[i+1])
	p.buckets = slices.Delete(p.buckets, i+1, i+2)
}
