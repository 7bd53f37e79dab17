package hyperloglog

import (
	"math"
	"math/bits"
)

// MinBits is how coarse a sketch can be made: to 2^9 registers, with a standard
// error of 4.6 %.
const MinBits = 9

// maxRank is the highest rank that a register can have, in the coarsest sketch.
const maxRank = 64 - MinBits + 1

// Bits tells that a sketch has 2^Bits registers: 14, unless it was made coarser.
func (s *Sketch) Bits() int { return indexBits - int(s.lost) }

// size is the number of registers.
func (s *Sketch) size() int { return 1 << s.Bits() }

// rows is how many bits of a hash a rank is of.
func (s *Sketch) rows() int { return 64 - s.Bits() }

// StandardError is how far an estimate is off, as a part of it: two of three are
// nearer to the truth.
func (s *Sketch) StandardError() float64 { return 1.04 / math.Sqrt(float64(s.size())) }

// Coarsen leaves 2^bits registers, MinBits at least, with the ranks that they
// would have if there had been no more from the start. It does nothing to a
// sketch that is as coarse already.
func (s *Sketch) Coarsen(bits int) {
	bits = max(bits, MinBits)
	if bits >= s.Bits() {
		return
	}
	fine := *s
	*s = Sketch{lost: uint8(indexBits - bits)}
	for index, rank := range fine.each {
		s.raise(coarser(index, rank, fine.Bits(), bits))
	}
}

// coarser returns which register, of 2^to, a register of 2^from counts in, and
// by which rank: the bits that the index loses are the first of the row of zeros
// then.
func coarser(index uint32, rank uint8, from, to int) (uint32, uint8) {
	if gone := index >> to; gone != 0 {
		return index & (1<<to - 1), uint8(bits.TrailingZeros32(gone) + 1)
	}
	return index, rank + uint8(from-to)
}

// within returns the sketch, or one like it, with 2^bits registers at most.
func (s *Sketch) within(bits int) *Sketch {
	if s.Bits() <= bits {
		return s
	}
	coarse := *s // Coarsen leaves the registers of this one as they are
	coarse.Coarsen(bits)
	return &coarse
}
