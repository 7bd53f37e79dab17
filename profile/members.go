package profile

import (
	"iter"
	"math/bits"
	"slices"
)

// Members is a set of segments, by their position in the rule set.
type Members []uint64

// Has reports whether position i is in the set.
func (m Members) Has(i int) bool { return i>>6 < len(m) && m[i>>6]>>(i&63)&1 != 0 }

// Set adds or removes position i.
func (m *Members) Set(i int, in bool) {
	for i>>6 >= len(*m) {
		if !in {
			return
		}
		*m = append(*m, 0)
	}
	if in {
		(*m)[i>>6] |= 1 << (i & 63)
	} else {
		(*m)[i>>6] &^= 1 << (i & 63)
	}
}

// cleared returns an empty set for so many words, in the memory of m where that
// has the room.
func (m Members) cleared(words int) Members {
	m = slices.Grow(m[:0], words)[:words]
	clear(m)
	return m
}

// Count returns the size of the set.
func (m Members) Count() int {
	n := 0
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// All yields the positions in ascending order.
func (m Members) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for wi, w := range m {
			for ; w != 0; w &= w - 1 {
				if !yield(wi<<6 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
