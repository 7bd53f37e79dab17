package profile

import (
	"slices"
	"sort"
)

const (
	// lumpEntries is how many entries a new lump of a full series takes,
	// at most half of the bound; maxLumps is how many there are before two
	// are merged.
	lumpEntries = 64
	maxLumps    = 64
)

// lump sums up entries that are no longer kept one by one.
type lump struct {
	first, last int64 // event times
	count       int64
	sum         decimal
	min, max    float64
}

func (b *lump) add(at int64, v float64) {
	if b.count == 0 {
		*b = lump{first: at, last: at, count: 1, sum: decimalOf(v), min: v, max: v}
		return
	}
	b.first, b.last = min(b.first, at), max(b.last, at)
	b.count++
	b.sum = b.sum.plus(decimalOf(v))
	b.min, b.max = min(b.min, v), max(b.max, v)
}

func (b *lump) merge(c lump) {
	b.first, b.last = min(b.first, c.first), max(b.last, c.last)
	b.count += c.count
	b.sum = b.sum.plus(c.sum)
	b.min, b.max = min(b.min, c.min), max(b.max, c.max)
}

// folded reports whether an event at that time belongs into a lump.
func (p *points) folded(at int64) bool {
	n := len(p.lumps)
	return n > 0 && at < p.lumps[n-1].last
}

// fold adds to the only lump of a total.
func (p *points) fold(at int64, v float64) {
	if len(p.lumps) == 0 {
		p.lumps = append(p.lumps, lump{})
	}
	p.lumps[0].add(at, v)
}

// foldLate adds an event that is older than the newest folded one to the
// lump it falls into.
func (p *points) foldLate(at int64, v float64) {
	i := sort.Search(len(p.lumps), func(i int) bool { return p.lumps[i].last >= at })
	p.lumps[i].add(at, v)
}

// shrink folds the oldest entries of a sliding series past its bound.
// Values have no lumps: they are forgotten.
func (p *points) shrink(limit int) {
	if p.len() <= limit {
		return
	}
	n := min(lumpEntries, limit/2)
	if p.vals != nil {
		p.cut(n)
		return
	}
	p.lumps = append(p.lumps, p.takeOldest(n))
	p.mergeLumps()
}

// takeOldest takes the n oldest entries away and sums them up.
func (p *points) takeOldest(n int) lump {
	var b lump
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

// mergeLumps joins the two neighbours that together hold the least. Among
// more than 64 lumps they hold at most 1/32 of all, so none grows past
// that.
func (p *points) mergeLumps() {
	if len(p.lumps) <= maxLumps {
		return
	}
	least := 0
	for i := range len(p.lumps) - 1 {
		if p.lumps[i].count+p.lumps[i+1].count < p.lumps[least].count+p.lumps[least+1].count {
			least = i
		}
	}
	p.joinLumps(least)
}

// joinLumps merges a lump with the next.
func (p *points) joinLumps(i int) {
	p.lumps[i].merge(p.lumps[i+1])
	p.lumps = slices.Delete(p.lumps, i+1, i+2)
}
