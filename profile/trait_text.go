package profile

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"unsafe"
)

// The traits of a profile that has been loaded or stored are kept as they are
// stored, in memory that is the profile's own. It is written over in place
// when they are stored after a change, and goes to the next profile with the
// rest of this one's. So nobody may hold a value of a trait across the storing
// of its profile.

// ownTraits has the traits, which refer to text with their number before it,
// refer to a copy of it. It says whether the text is a stored tail.
func (p *Profile) ownTraits(text string, tail bool) {
	p.setTraitText(unsafe.Slice(unsafe.StringData(text), len(text)), len(text)-len(p.Traits.encoded), p.Traits.count)
	p.tailStored = tail
}

// setTraitText makes text what is stored of so many traits. They begin behind
// their number.
func (p *Profile) setTraitText(text []byte, begin, count int) {
	if spoiling {
		copy(p.traitText, bytes.Repeat([]byte{0xff}, len(p.traitText)))
		p.traitText = nil
	}
	p.traitText, p.tailSum, p.tailStored = append(p.traitText[:0], text...), crc32.Checksum(text, castagnoli), false
	p.Traits = Traits{count: count}
	if count > 0 {
		p.Traits.encoded = unsafe.String(&p.traitText[begin], len(text)-begin)
	}
}

// changeTraits makes the traits a list, in memory that another profile has used
// before.
func (p *Profile) changeTraits() {
	p.tailStored = false
	if p.Traits.encoded != "" {
		p.Traits.decodeInto(p.spares.takeLeaves())
	}
}

// encodeTraits makes the traits text, if they are a list, which goes to the next
// profile that is to be changed. Behind b is room that it may use.
func (p *Profile) encodeTraits(b []byte) []byte {
	leaves := p.Traits.leaves
	if len(leaves) == 0 {
		return b
	}
	start := len(b)
	b = binary.AppendUvarint(b, uint64(len(leaves)))
	begin := len(b) - start
	b = appendLeaves(b, leaves)
	p.setTraitText(b[start:], begin, len(leaves))
	p.spares.giveLeaves(leaves)
	return b[:start]
}

// takeLeaves returns memory for the leaves of traits.
func (s *Spares) takeLeaves() []leaf {
	if s == nil || len(s.leaves) == 0 {
		return nil
	}
	last := len(s.leaves) - 1
	leaves := s.leaves[last]
	s.leaves[last] = nil
	s.leaves = s.leaves[:last]
	return leaves
}

// giveLeaves takes leaves back that nobody refers to any more.
func (s *Spares) giveLeaves(leaves []leaf) {
	if spoiling {
		copy(leaves, slices.Repeat([]leaf{{path: "spoiled", time: -1 << 50}}, len(leaves)))
		return
	}
	if s == nil || len(s.leaves) == spareLists || cap(leaves) > spareLeaves {
		return
	}
	clear(leaves) // texts must not be kept for a list that is empty
	s.leaves = append(s.leaves, leaves[:0])
}
