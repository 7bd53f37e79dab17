package profile

import (
	"encoding/binary"
	"slices"
)

// encode writes steps as the one text that their points consist of when
// stored, so that a blob can be read without knowing what its series keep.
func (p *steps) encode() string {
	b := binary.AppendVarint(nil, p.latest)
	b = binary.AppendVarint(b, p.folded.until)
	if p.folded.until != none {
		for _, begin := range p.folded.begin {
			b = binary.AppendVarint(b, begin)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(p.times)))
	last := int64(0)
	for i, at := range p.times {
		b = append(binary.AppendVarint(b, at-last), p.sets[i])
		last = at
	}
	return string(b)
}

// decodeSteps reads what encode wrote, for the series that it is of.
func decodeSteps(text string, series *Series) (*steps, bool) {
	r, p := reader{blob: text}, newSteps()
	p.latest = r.varint()
	if p.folded.until = r.varint(); p.folded.until != none {
		for i := range p.folded.begin {
			p.folded.begin[i] = r.varint()
		}
	}
	last := int64(0)
	for range r.count(2) {
		last += r.varint()
		p.times, p.sets = append(p.times, last), append(p.sets, r.byte())
	}
	if r.err != nil || r.left() > 0 || !slices.IsSorted(p.times) {
		return nil, false
	}
	p.replay(series)
	return p, true
}

// ordered turns points as they are stored into those of a series with
// several steps. It fails when they are of something else.
func (p *points) ordered(s *Series) bool {
	if len(p.times)+len(p.nums)+len(p.lumps) > 0 || len(p.vals) != 1 {
		return false
	}
	var ok bool
	p.steps, ok = decodeSteps(p.vals[0], s)
	p.vals, p.text = nil, 0
	return ok
}
