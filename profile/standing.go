package profile

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// Standing is what the head of a blob tells: in which segments a profile is.
type Standing struct {
	Version    uint64
	Generation uint64
	Segments   []string // ascending
}

// Standing reads the head of a blob and nothing behind it, which is most of
// it. The codec must be one without segments, as of an empty schema.
func (c *Codec) Standing(id, blob string) (Standing, error) {
	var s Standing
	r := &reader{blob: blob}
	r.format()
	_, _ = r.varint(), r.varint() // first and last seen
	s.Version, s.Generation = r.uvarint(), r.uvarint()
	_, _ = r.varint(), r.varint() // day of reach and deadline
	s.Segments = c.alphabet().read(r)
	if r.err != nil {
		return Standing{}, fmt.Errorf("decoding profile %q: %w", id, r.err)
	}
	return s, nil
}

// alphabet is the order of a codec's segments by their ids. Who looks up the
// segments of many profiles would spend most of the time on sorting the same
// texts again and again; with it they come out in order.
type alphabet struct {
	rank []uint32 // by number
	ids  []string // by rank
}

// newAlphabet puts all names in order, those of series too: these are in no
// blob's list of segments, and so need no telling apart.
func (c *Codec) newAlphabet() *alphabet {
	type numbered struct {
		id     string
		number int
	}
	all := make([]numbered, len(c.names))
	for number, name := range c.names {
		all[number] = numbered{name[min(len(nameSegment), len(name)):], number}
	}
	slices.SortFunc(all, func(a, b numbered) int { return cmp.Compare(a.id, b.id) })
	a := &alphabet{make([]uint32, len(all)), make([]string, len(all))}
	for rank, one := range all {
		a.rank[one.number], a.ids[rank] = uint32(rank), one.id
	}
	return a
}

// read reads numbers of segments, and returns their ids in order.
func (a *alphabet) read(r *reader) []string {
	count, number := r.count(1), uint64(0)
	present := make([]uint64, (len(a.rank)+63)/64) // a bit for each rank
	for range count {
		number += r.uvarint()
		if number >= uint64(len(a.rank)) {
			r.fail(fmt.Errorf("segment number %d is not among the shard's %d names", number, len(a.rank)))
			return nil
		}
		rank := a.rank[number]
		present[rank/64] |= 1 << (rank % 64)
	}
	ids := make([]string, 0, count)
	for i, word := range present {
		for ; word != 0; word &= word - 1 {
			ids = append(ids, a.ids[i*64+bits.TrailingZeros64(word)])
		}
	}
	return ids
}
