package engine

import "math/bits"

// bitset is a set of small numbers, a bit for each: of positions, of bits of a
// State or of cells. It does not grow: a number beyond its words is a mistake
// of the caller and panics, as an index does.
type bitset []uint64

// bitsetWords is how many words a set of numbers below n has.
func bitsetWords(n int) int { return (n + 63) / 64 }

// newBitset returns an empty set for numbers below n.
func newBitset(n int) bitset { return make(bitset, bitsetWords(n)) }

// has reports whether i is in the set.
func (b bitset) has(i uint32) bool { return b[i>>6]>>(i&63)&1 != 0 }

// bit is 1 if i is in the set, else 0: has without a branch, which the
// processor would have to guess.
func (b bitset) bit(i uint32) uint32 { return uint32(b[i>>6]>>(i&63)) & 1 }

// hasFrom is has of the set whose words begin at word first.
func (b bitset) hasFrom(first uint32, i uint16) bool { return b[first+uint32(i>>6)]>>(i&63)&1 != 0 }

// add puts i into the set.
func (b bitset) add(i uint32) { b[i>>6] |= 1 << (i & 63) }

// addBit puts i into the set if bit is 1, and does nothing if it is 0.
func (b bitset) addBit(i, bit uint32) { b[i>>6] |= uint64(bit) << (i & 63) }

// flip takes i out of the set if it is in it, and puts it in if it is not.
func (b bitset) flip(i uint32) { b[i>>6] ^= 1 << (i & 63) }

// take removes the least number of word w, which must not be empty, and
// returns it.
func (b bitset) take(w int) uint32 {
	i := least(w, b[w])
	b[w] &= b[w] - 1
	return i
}

// least is the least number of a set whose word w is the given one, which must
// not be 0.
func least(w int, word uint64) uint32 { return uint32(w<<6 + bits.TrailingZeros64(word)) }
