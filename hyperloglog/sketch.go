// Package hyperloglog estimates how many different texts there are, as Redis
// does: a Sketch takes texts in as PFADD would, and its stored form is a value
// that PFCOUNT and PFMERGE read. A sketch that is kept for long can be made
// coarser, and then it takes less room and estimates less well.
//
// It promises that texts in any order, and any number of times, give the same
// bytes; that the union of sketches is the sketch of the union; and that
// Estimate is the number that Redis tells, with a standard error of 0.81 %,
// unless the sketch was made coarser.
//
// The traps: the hash is part of the form. Counters of Redis can be united with
// those of this package only because both hash in the same way. And whatever a
// coarser sketch is merged into becomes as coarse.
package hyperloglog

import (
	"math/bits"
	"slices"
)

// Registers are 2^indexBits numbers, each the longest row of zeros that a hash
// began with, of those that fell to it.
const (
	indexBits = 14
	registers = 1 << indexBits
	rankBits  = 64 - indexBits // of a hash
)

// maxFew is how many registers are kept one by one before all of them are: up
// to there a Sketch takes 4 KB at most, and behind it 16 KB.
const maxFew = 1024

// Sketch is what is kept of a set of texts. The zero Sketch is of none. It is
// not safe for concurrent use.
type Sketch struct {
	few []uint32          // registers that are not 0, index<<8 | rank, ascending
	all *[registers]uint8 // instead of few, where there are many

	lost uint8 // bits of the index that were given up, see Coarsen
}

// Add takes a text in by its hash.
func (s *Sketch) Add(hash uint64) {
	index := uint32(hash & (registers - 1))
	// A bit behind the hash bounds the row.
	rank := uint8(bits.TrailingZeros64(hash>>indexBits|1<<rankBits) + 1)
	s.take(index, rank)
}

// take takes in a register of a sketch that is not coarse.
func (s *Sketch) take(index uint32, rank uint8) {
	if s.lost > 0 {
		index, rank = coarser(index, rank, indexBits, s.Bits())
	}
	s.raise(index, rank)
}

// Merge takes in what another one has. The outcome is as coarse as the coarser
// of both.
func (s *Sketch) Merge(other *Sketch) {
	s.Coarsen(other.Bits())
	from, to := other.Bits(), s.Bits()
	for index, rank := range other.each {
		if from > to {
			index, rank = coarser(index, rank, from, to)
		}
		s.raise(index, rank)
	}
}

// raise has a register be a rank at least.
func (s *Sketch) raise(index uint32, rank uint8) {
	if s.all != nil {
		s.all[index] = max(s.all[index], rank)
		return
	}
	at, _ := slices.BinarySearch(s.few, index<<8)
	if at < len(s.few) && s.few[at]>>8 == index {
		s.few[at] = max(s.few[at], index<<8|uint32(rank))
		return
	}
	if s.few = slices.Insert(s.few, at, index<<8|uint32(rank)); len(s.few) > maxFew {
		s.widen()
	}
}

// widen keeps all registers from now on.
func (s *Sketch) widen() {
	all := &[registers]uint8{}
	for _, one := range s.few {
		all[one>>8] = uint8(one)
	}
	s.few, s.all = nil, all
}

// each yields the registers that are not 0, ascending.
func (s *Sketch) each(yield func(index uint32, rank uint8) bool) {
	for _, one := range s.few {
		if !yield(one>>8, uint8(one)) {
			return
		}
	}
	if s.all == nil {
		return
	}
	for i, rank := range s.all[:s.size()] {
		if rank > 0 && !yield(uint32(i), rank) {
			return
		}
	}
}
