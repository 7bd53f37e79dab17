package hyperloglog

import (
	"encoding/binary"
	"errors"
)

// The compact form is this package's own, for sketches that are read and merged
// by the thousand: their number of registers that are not 0 and these as a list,
// see appendGaps; or, where that is longer, allPacked and all of them as Redis
// packs them.
const (
	allPacked   = registers + 1
	packedBytes = registers * 6 / 8
)

// ErrForm is what MergeCompact returns for what is no compact form.
var ErrForm = errors.New("the stored form of a sketch is broken")

// AppendCompact appends the compact form of a sketch that is not coarse.
func (s *Sketch) AppendCompact(dst []byte) []byte {
	n := 0
	for range s.each {
		n++
	}
	if n < packedBytes { // a register in the list takes a byte at least
		begin := len(dst)
		dst = binary.AppendUvarint(dst, uint64(n))
		list := len(dst)
		if dst = s.appendGaps(dst); len(dst)-list < packedBytes {
			return dst
		}
		dst = dst[:begin]
	}
	return s.appendPacked(binary.AppendUvarint(dst, allPacked))
}

// MergeCompact takes in a sketch in its compact form, and returns what stands
// behind that.
func (s *Sketch) MergeCompact(form []byte) ([]byte, error) {
	if s.lost > 0 {
		fine := &Sketch{}
		rest, err := fine.MergeCompact(form)
		s.Merge(fine)
		return rest, err
	}
	n, width := binary.Uvarint(form)
	if width <= 0 || n > allPacked {
		return nil, ErrForm
	}
	if n == allPacked {
		return s.mergePacked(form[width:])
	}
	return s.mergeGaps(form[width:], int(n))
}

// appendPacked appends all registers, in 6 bits each.
func (s *Sketch) appendPacked(dst []byte) []byte {
	packed := make([]byte, packedBytes+1) // and one that the last register would go on in
	for index, rank := range s.each {
		at, shift := index*6/8, index*6%8
		packed[at] |= rank << shift
		packed[at+1] |= uint8(uint16(rank) << shift >> 8)
	}
	return append(dst, packed[:packedBytes]...)
}

// mergePacked takes in all registers, in 6 bits each.
func (s *Sketch) mergePacked(form []byte) ([]byte, error) {
	if len(form) < packedBytes {
		return nil, ErrForm
	}
	if s.all == nil {
		s.widen()
	}
	packed, at := form[:packedBytes], 0
	for ; len(packed) >= 3; packed = packed[3:] { // four registers
		four := uint32(packed[0]) | uint32(packed[1])<<8 | uint32(packed[2])<<16
		all := s.all[at : at+4 : at+4]
		all[0] = max(all[0], uint8(four&63))
		all[1] = max(all[1], uint8(four>>6&63))
		all[2] = max(all[2], uint8(four>>12&63))
		all[3] = max(all[3], uint8(four>>18))
		at += 4
	}
	return form[packedBytes:], nil
}
