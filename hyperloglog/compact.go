package hyperloglog

import (
	"encoding/binary"
	"errors"
)

// The compact form is this package's own, for sketches that are read and merged
// by the thousand: their number of registers that are not 0 and these one by
// one, in 3 bytes each; or, from mostListed on, all of them as Redis packs them.
const (
	mostListed  = registers * 6 / 8 / listedBytes
	listedBytes = 3
	packedBytes = registers * 6 / 8
)

// ErrForm is what MergeCompact returns for what is no compact form.
var ErrForm = errors.New("the stored form of a sketch is broken")

// AppendCompact appends the compact form.
func (s *Sketch) AppendCompact(dst []byte) []byte {
	n := 0
	for range s.each {
		n++
	}
	dst = binary.AppendUvarint(dst, uint64(min(n, mostListed)))
	if n >= mostListed {
		return s.appendPacked(dst)
	}
	for index, rank := range s.each {
		one := index<<6 | uint32(rank)
		dst = append(dst, byte(one), byte(one>>8), byte(one>>16))
	}
	return dst
}

// MergeCompact takes in a sketch in its compact form, and returns what stands
// behind that.
func (s *Sketch) MergeCompact(form []byte) ([]byte, error) {
	n, width := binary.Uvarint(form)
	if width <= 0 || n > mostListed {
		return nil, ErrForm
	}
	form = form[width:]
	if n == mostListed {
		return s.mergePacked(form)
	}
	if uint64(len(form)) < n*listedBytes {
		return nil, ErrForm
	}
	list, rest := form[:n*listedBytes], form[n*listedBytes:]
	if s.all == nil && len(s.few)+int(n) > maxFew {
		s.widen()
	}
	for ; len(list) > 0; list = list[listedBytes:] {
		one := uint32(list[0]) | uint32(list[1])<<8 | uint32(list[2])<<16
		index, rank := one>>6, uint8(one&63)
		if index >= registers || rank == 0 || rank > rankBits+1 {
			return nil, ErrForm
		}
		if s.all != nil {
			s.all[index] = max(s.all[index], rank)
		} else {
			s.raise(index, rank)
		}
	}
	return rest, nil
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
