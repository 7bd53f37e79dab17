package profile

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"
)

// The traits of a profile that has been loaded or stored are kept as they are
// stored, in memory that is the profile's own. It is written over in place
// when they are stored after a change, and goes to the next profile with the
// rest of this one's. So nobody may hold a value of a trait across the storing
// of its profile.

// ownTraits has the traits refer to a copy of what is stored of them.
func (p *Profile) ownTraits() {
	stored := p.Traits.encoded
	p.setTraitText(unsafe.Slice(unsafe.StringData(stored), len(stored)), p.Traits.count)
}

// setTraitText makes text what is stored of so many traits.
func (p *Profile) setTraitText(text []byte, count int) {
	if spoiling {
		copy(p.traitText, bytes.Repeat([]byte{0xff}, len(p.traitText)))
		p.traitText = nil
	}
	p.traitText = append(p.traitText[:0], text...)
	p.Traits = Traits{encoded: unsafe.String(unsafe.SliceData(p.traitText), len(p.traitText)), count: count}
}

// changeTraits makes the traits a list, in memory that another profile has used
// before.
func (p *Profile) changeTraits() {
	if p.Traits.encoded != "" {
		p.Traits.decodeInto(p.spares.takeLeaves())
	}
}

// appendTraits writes the traits behind b. If they were a list, that goes to
// the next profile that is to be changed.
func (p *Profile) appendTraits(b []byte) []byte {
	leaves := p.Traits.leaves
	if len(leaves) == 0 {
		return p.Traits.append(b)
	}
	b = binary.AppendUvarint(b, uint64(len(leaves)))
	start := len(b)
	b = appendLeaves(b, leaves)
	p.setTraitText(b[start:], len(leaves))
	p.spares.giveLeaves(leaves)
	return b
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
