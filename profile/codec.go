package profile

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/twmb/murmur3"
)

// formatVersion is the first byte of every blob. Decoding refuses others.
const formatVersion = 1

// Codec turns profiles into blobs and back. Series and segments are written
// as numbers: positions in the shard's list of names, which only grows, so a
// blob stays readable when the rules change. A Codec is immutable.
type Codec struct {
	schema   *Schema
	names    []string
	series   numbering
	segments numbering
}

// numbering maps positions in a rule set to numbers in the list of names.
type numbering struct {
	number   []uint64
	position map[uint64]int
}

const (
	segmentName = "s:"
	seriesName  = "a:"
)

// NewCodec returns the codec of a schema and the segment ids of its rule
// set, given the names a shard has numbered so far, and the names that it
// adds at the end of them.
func NewCodec(schema *Schema, segments, names []string) (*Codec, []string) {
	c := &Codec{schema: schema, names: slices.Clone(names)}
	known := make(map[string]uint64, len(names))
	for i, n := range names {
		known[n] = uint64(i)
	}
	number := func(n *numbering, name string) {
		at, ok := known[name]
		if !ok {
			at = uint64(len(c.names))
			known[name] = at
			c.names = append(c.names, name)
		}
		n.position[at] = len(n.number)
		n.number = append(n.number, at)
	}
	c.series.position = make(map[uint64]int, len(schema.Series))
	c.segments.position = make(map[uint64]int, len(segments))
	for _, s := range schema.Series {
		number(&c.series, seriesName+digest(s.Key))
	}
	for _, id := range segments {
		number(&c.segments, segmentName+id)
	}
	return c, c.names[len(names):]
}

// digest shortens a series key to 128 bits, so that long rules do not make
// long names.
func digest(key string) string {
	h1, h2 := murmur3.StringSum128(key)
	return hex.EncodeToString(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, h1), h2))
}

// Segment returns the id of a retired segment by its number.
func (c *Codec) Segment(number uint64) string { return c.names[number][len(segmentName):] }

// Append writes p's blob behind b. Entries that no window reads any more at
// stream time now are left out.
func (c *Codec) Append(b []byte, p *Profile, now int64) []byte {
	b = append(b, formatVersion)
	b = binary.AppendVarint(b, p.FirstSeen)
	b = binary.AppendVarint(b, p.LastSeen)
	b = binary.AppendUvarint(b, p.Version)
	b = binary.AppendUvarint(b, p.Generation)
	b = binary.AppendVarint(b, p.ReachDay)
	b = binary.AppendVarint(b, p.Deadline)
	b = c.appendMembers(b, p)
	b = binary.AppendUvarint(b, uint64(len(p.Groups)))
	for _, g := range p.Groups {
		b = appendText(b, g)
	}
	b = binary.AppendUvarint(b, uint64(len(p.Traits.leaves)))
	for _, l := range p.Traits.leaves {
		b = appendText(b, string(l.path))
		b = binary.AppendVarint(b, l.time)
		b = appendValue(b, l.value)
	}
	b = p.seen.append(b)
	return c.appendSeries(b, p, now)
}

func (c *Codec) appendMembers(b []byte, p *Profile) []byte {
	numbers := slices.Clone(p.Retired)
	for i := range p.Members.All() {
		numbers = append(numbers, c.segments.number[i])
	}
	slices.Sort(numbers)
	b = binary.AppendUvarint(b, uint64(len(numbers)))
	last := uint64(0)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n-last)
		last = n
	}
	return b
}

func (s *seen) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.ids)))
	last := int64(0)
	for i, id := range s.ids {
		b = binary.LittleEndian.AppendUint64(b, id)
		b = binary.AppendVarint(b, s.times[i]-last)
		last = s.times[i]
	}
	return b
}

func (c *Codec) appendSeries(b []byte, p *Profile, now int64) []byte {
	for i := range p.points {
		pts := &p.points[i]
		if s := &c.schema.Series[pts.series]; s.Keep.Sliding() {
			pts.expire(now - s.Window)
		}
	}
	p.points = slices.DeleteFunc(p.points, func(pts points) bool { return pts.empty() })
	b = binary.AppendUvarint(b, uint64(len(p.points)))
	for i := range p.points {
		b = binary.AppendUvarint(b, c.series.number[p.points[i].series])
		b = p.points[i].append(b)
	}
	return b
}

func (p *points) empty() bool { return len(p.times) == 0 && len(p.vals) == 0 && len(p.buckets) == 0 }

func (p *points) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(p.times)))
	last := int64(0)
	for _, t := range p.times {
		b = binary.AppendVarint(b, t-last)
		last = t
	}
	b = binary.AppendUvarint(b, uint64(len(p.nums)))
	for _, v := range p.nums {
		b = appendNumber(b, v)
	}
	b = binary.AppendUvarint(b, uint64(len(p.vals)))
	for _, v := range p.vals {
		b = appendText(b, v)
	}
	b = binary.AppendUvarint(b, uint64(len(p.buckets)))
	for _, k := range p.buckets {
		b = binary.AppendVarint(b, k.first)
		b = binary.AppendVarint(b, k.last-k.first)
		b = binary.AppendVarint(b, k.count)
		b = appendNumber(appendNumber(appendNumber(b, k.sum), k.min), k.max)
	}
	return b
}

// Decode returns the profile of a blob. Series that the rule set no longer
// has are dropped; segments that it no longer has go to Retired.
func (c *Codec) Decode(id string, blob []byte) (*Profile, error) {
	r := &reader{rest: string(blob)}
	if v := r.byte(); r.err == nil && v != formatVersion {
		return nil, fmt.Errorf("decoding profile %q: format %d is not %d, the one this version reads", id, v, formatVersion)
	}
	p := New(id)
	p.known = true
	p.FirstSeen, p.LastSeen = r.varint(), r.varint()
	p.Version, p.Generation = r.uvarint(), r.uvarint()
	p.ReachDay, p.Deadline = r.varint(), r.varint()
	c.readMembers(r, p)
	for range r.count(1) {
		p.Groups = append(p.Groups, r.text())
	}
	for range r.count(3) {
		p.Traits.leaves = append(p.Traits.leaves, leaf{Path(r.text()), r.varint(), r.value(0)})
	}
	p.seen.read(r)
	c.readSeries(r, p)
	if r.err == nil && len(r.rest) > 0 {
		r.fail(fmt.Errorf("%d bytes too many", len(r.rest)))
	}
	if r.err != nil {
		return nil, fmt.Errorf("decoding profile %q: %w", id, r.err)
	}
	return p, nil
}

func (c *Codec) readMembers(r *reader, p *Profile) {
	number := uint64(0)
	for range r.count(1) {
		number += r.uvarint()
		if number >= uint64(len(c.names)) {
			r.fail(fmt.Errorf("segment number %d is not among the shard's %d names", number, len(c.names)))
			return
		}
		if i, ok := c.segments.position[number]; ok {
			p.Members.Set(i, true)
		} else {
			p.Retired = append(p.Retired, number)
		}
	}
}

func (s *seen) read(r *reader) {
	last := int64(0)
	for range r.count(9) {
		s.ids = append(s.ids, r.fixed())
		last += r.varint()
		s.times = append(s.times, last)
	}
}

func (c *Codec) readSeries(r *reader, p *Profile) {
	for range r.count(5) {
		number := r.uvarint()
		pts := readPoints(r)
		i, ok := c.series.position[number]
		if r.err != nil || !ok {
			continue
		}
		pts.series = i
		if !pts.fits(c.schema.Series[i].Keep) {
			r.fail(errValue)
			return
		}
		p.points = append(p.points, pts)
	}
	slices.SortFunc(p.points, func(a, b points) int { return a.series - b.series })
}

func readPoints(r *reader) points {
	var p points
	last := int64(0)
	for range r.count(1) {
		last += r.varint()
		p.times = append(p.times, last)
	}
	for range r.count(2) {
		p.nums = append(p.nums, r.number())
	}
	for range r.count(1) {
		p.vals = append(p.vals, r.text())
	}
	for range r.count(9) {
		first := r.varint()
		b := bucket{first: first, last: first + r.varint(), count: r.varint()}
		b.sum, b.min, b.max = r.number(), r.number(), r.number()
		p.buckets = append(p.buckets, b)
	}
	return p
}

func (r *reader) number() float64 {
	v := r.value(maxValueDepth)
	return v.Number()
}

// fits reports whether the columns are those of a series of that kind, so
// that reading them can't go out of bounds.
func (p *points) fits(k Keep) bool {
	n := len(p.times)
	switch k {
	case TotalCount:
		return n == 0 && p.nums == nil && p.vals == nil && len(p.buckets) == 1
	case TotalNumbers, SlidingNumbers:
		return len(p.nums) == n && p.vals == nil && (k.Sliding() || len(p.buckets) <= 1)
	case TotalDistinct:
		return n == 0 && p.nums == nil && p.buckets == nil
	case TotalFirst, TotalLast:
		return n == 1 && len(p.vals) == 1
	case SlidingTimes:
		return p.nums == nil && p.vals == nil
	}
	return p.nums == nil && len(p.vals) == n
}
