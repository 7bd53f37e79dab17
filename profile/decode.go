package profile

import (
	"cmp"
	"fmt"
	"slices"
)

// Decode returns the profile of a blob. Series that the rule set no longer
// has are dropped; segments that it no longer has go to Retired.
func (c *Codec) Decode(id, blob string) (*Profile, error) {
	p := &Profile{}
	if err := c.DecodeInto(p, id, blob); err != nil {
		return nil, err
	}
	return p, nil
}

// DecodeInto is Decode in the memory of a profile that nobody refers to any
// more. After an error it is worthless.
func (c *Codec) DecodeInto(p *Profile, id, blob string) error {
	r := &reader{blob: blob}
	r.format()
	c.Begin(p, id)
	p.known = true
	p.FirstSeen, p.LastSeen = r.varint(), r.varint()
	p.Version, p.Generation = r.uvarint(), r.uvarint()
	p.ReachDay, p.Deadline = r.varint(), r.varint()
	c.readMembers(r, p)
	p.Groups = r.groups(c.narrow)
	c.readTraits(r, p)
	if c.narrow {
		r.skipSeen()
	} else {
		p.seen.read(r)
	}
	c.readSeries(r, p)
	c.readHeld(r, p)
	if r.shadowed {
		c.readShadows(r, p)
	}
	if r.err == nil && r.left() > 0 {
		r.fail(fmt.Errorf("%d bytes too many", r.left()))
	}
	if r.err != nil {
		return fmt.Errorf("decoding profile %q: %w", id, r.err)
	}
	return nil
}

func (c *Codec) readTraits(r *reader, p *Profile) {
	back := r.toTraits()
	if c.narrow {
		p.Traits.readOf(r, c.schema)
	} else {
		begin := r.at
		if p.Traits.read(r, true); r.err == nil {
			p.ownTraits(r.blob[begin:r.at], !r.inline)
		}
	}
	r.fromTraits(back)
}

func (c *Codec) readMembers(r *reader, p *Profile) {
	p.Members = p.Members.cleared((len(c.segments.number) + len(c.conditions.number) + 63) / 64)
	number := uint64(0)
	for range r.count(1) {
		number += r.uvarint()
		if number >= uint64(len(c.names)) {
			r.fail(fmt.Errorf("segment number %d is not among the shard's %d names", number, len(c.names)))
			return
		}
		if i, ok := c.segments.at(number); ok {
			p.Members.Set(i, true)
		} else if c.retired == nil || c.retired[number] {
			p.Retired = append(p.Retired, number)
		}
	}
}

// readSeries checks the series and takes them over as they are stored. Their
// points are kept, too, until the profile is stored again: who loads it is
// about to evaluate it, and reads most. So long they refer to the blob.
func (c *Codec) readSeries(r *reader, p *Profile) {
	n := r.count(5)
	known, begin := min(n, len(c.series.number)), r.at
	p.kept = slices.Grow(p.kept[:0], known)
	p.sheet = p.spares.takeSheet()
	all := p.sheet.lay(r, known)
	for range n {
		i, ok := c.series.at(r.uvarint())
		if !ok {
			r.skipPoints()
			continue
		}
		if len(p.kept) == known {
			r.fail(errValue) // a series stands there twice
			return
		}
		at, pts, one := r.at, &all[len(p.kept)], &c.schema.Series[i]
		r.points(pts)
		if r.err != nil {
			return
		}
		if one.Keep.Ordered() && !pts.ordered(one) || !one.Keep.Ordered() && !pts.fits(one.Keep) {
			r.fail(errValue)
			return
		}
		pts.series = i
		series := kept{
			series: int32(i), keep: one.Keep, at: uint32(at - begin), size: uint32(r.at - at),
			until: pts.expiry(one), points: pts, shared: true,
		}
		if r.old && len(pts.lumps) > 0 {
			series.size = 0 // it will be written in today's format
		}
		if one.Newest > 0 && pts.len() >= one.Newest {
			pts = p.changed(&series, c.schema)
			pts.dropUncounted(one.Newest)
		}
		p.stateBytes += pts.blobBytes()
		p.kept = append(p.kept, series)
	}
	if p.spares != nil {
		p.sheet.fit(all[:len(p.kept)])
	}
	if !c.narrow {
		stored := r.blob[begin:r.at]
		p.block = append(slices.Grow(p.block[:0], len(stored)+blockSlack), stored...)
	}
	slices.SortFunc(p.kept, func(a, b kept) int { return int(a.series - b.series) })
}

// points reads the points of a series, of which it does not know what it
// keeps, into empty ones.
func (r *reader) points(p *points) {
	last := int64(0)
	p.times = r.times.take(p.times, r.count(1), r.least)
	for i := range p.times {
		last += r.varint()
		p.times[i] = last
	}
	p.nums = r.nums.take(p.nums, r.count(2), r.least)
	for i := range p.nums {
		p.nums[i] = r.number()
	}
	p.vals = r.vals.take(p.vals, r.count(1), r.least)
	for i := range p.vals {
		p.vals[i] = r.text()
		p.text += len(p.vals[i])
	}
	p.lumps = r.lumps.take(p.lumps, r.count(9), r.least)
	for i := range p.lumps {
		first := r.varint()
		b := lump{first: first, last: first + r.varint(), count: r.varint()}
		if r.old {
			b.sum = decimalOf(r.number())
		} else {
			b.sum = r.decimal()
		}
		b.min, b.max = r.number(), r.number()
		p.lumps[i] = b
	}
}

// skipPoints passes over what points would read, and fails where that does.
func (r *reader) skipPoints() {
	for range r.count(1) {
		r.uvarint()
	}
	for range r.count(2) {
		r.skip(maxValueDepth)
	}
	for range r.count(1) {
		r.text()
	}
	for range r.count(9) {
		for range 3 {
			r.uvarint()
		}
		if r.old {
			r.skip(maxValueDepth)
		} else {
			r.decimal()
		}
		r.skip(maxValueDepth)
		r.skip(maxValueDepth)
	}
}

func (r *reader) number() float64 {
	v := r.value(maxValueDepth)
	return v.Number()
}

// fits reports whether the columns are those of a series of that kind, and
// in order, so that reading them can't go out of bounds.
func (p *points) fits(keep Keep) bool {
	if !slices.IsSorted(p.times) || !slices.IsSortedFunc(p.lumps, func(a, b lump) int { return cmp.Compare(a.last, b.last) }) {
		return false
	}
	if b := len(p.lumps); b > 0 && len(p.times) > 0 && keep.Sliding() && p.lumps[b-1].last > p.times[0] {
		return false
	}
	entries := len(p.times)
	switch keep {
	case KeepTotalCount:
		return entries == 0 && p.nums == nil && p.vals == nil && len(p.lumps) == 1
	case KeepTotalNumbers, KeepSlidingNumbers:
		return len(p.nums) == entries && p.vals == nil && (keep.Sliding() || len(p.lumps) <= 1)
	case KeepTotalDistinct:
		return entries == 0 && p.nums == nil && p.lumps == nil
	case KeepTotalFirst, KeepTotalLast:
		return entries == 1 && len(p.vals) == 1 && p.nums == nil && p.lumps == nil
	case KeepSlidingTimes:
		return p.nums == nil && p.vals == nil
	}
	return p.nums == nil && len(p.vals) == entries && p.lumps == nil
}
