package hyperloglog

import "encoding/binary"

// Registers that are not 0, in a list: of each how many lie between it and the
// one before, and its rank, as gap<<3 | rank-1 in a varint. So a register takes
// one byte or two, the fewer the more of them are not 0. A rank of highRank or
// more stands in a byte of its own behind that.
const highRank = 8

// appendGaps appends the list.
func (s *Sketch) appendGaps(dst []byte) []byte {
	next := uint32(0)
	for index, rank := range s.each {
		dst = binary.AppendUvarint(dst, uint64(index-next)<<3|uint64(min(rank, highRank)-1))
		if rank >= highRank {
			dst = append(dst, rank)
		}
		next = index + 1
	}
	return dst
}

// mergeGaps takes in a list of n registers of a sketch that is as coarse, and
// returns what stands behind it. Questions of cubes spend much of their time here.
func (s *Sketch) mergeGaps(form []byte, n int) ([]byte, error) {
	if s.all == nil && len(s.few)+n > maxFew {
		s.widen()
	}
	index, size, most := uint32(0), uint32(s.size()), uint8(s.rows()+1)
	at, all := 0, s.all
	for ; n > 0; n-- {
		if at == len(form) {
			return nil, ErrForm
		}
		one := uint32(form[at])
		if at++; one >= 0x80 {
			long, width := binary.Uvarint(form[at-1:])
			if width <= 0 || long>>3 >= uint64(size) {
				return nil, ErrForm
			}
			one, at = uint32(long), at-1+width
		}
		rank := uint8(one&(highRank-1)) + 1
		if rank == highRank {
			if at == len(form) || form[at] == 0 || form[at] > most {
				return nil, ErrForm
			}
			rank = form[at]
			at++
		}
		if index += one >> 3; index >= size {
			return nil, ErrForm
		}
		if all == nil {
			s.raise(index, rank)
			all = s.all
		} else if all[index] < rank {
			all[index] = rank
		}
		index++
	}
	return form[at:], nil
}
