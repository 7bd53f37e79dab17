package event

import "unsafe"

// Sizes of the arena's chunks, and how much of them survives a Reset.
const (
	textChunk   = 64 << 10 // bytes
	textKept    = 8 << 20  // bytes
	valuesChunk = 1 << 10  // values of 56 bytes
	valuesKept  = 1 << 18  // values, 14 MB
)

// arena owns the memory of decoded events. Nothing in it moves or changes
// until reset.
type arena struct {
	text   slab[byte]
	values slab[Value]
}

func newArena() arena {
	return arena{
		text:   slab[byte]{chunk: textChunk, kept: textKept},
		values: slab[Value]{chunk: valuesChunk, kept: valuesKept},
	}
}

// bytes copies b into the arena.
func (a *arena) bytes(b []byte) []byte {
	c := a.text.take(len(b))
	copy(c, b)
	return c
}

// string copies b into the arena. The string header points at arena memory
// without another copy, which is why it changes under whoever keeps it
// beyond reset.
func (a *arena) string(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(unsafe.SliceData(a.bytes(b)), len(b))
}

// reset takes back everything handed out.
func (a *arena) reset() {
	a.values.reset()
	if a.text.reset() {
		a.values.zero() // old values would keep the dropped chunks alive
	}
}

// slab hands out slices of T cut from chunks.
type slab[T any] struct {
	chunk  int // elements of a new chunk
	kept   int // elements that survive reset
	chunks [][]T
	at     int // the chunk that is being cut
	used   int // elements of it that are handed out
}

// take returns n elements with whatever they last held.
func (s *slab[T]) take(n int) []T {
	for ; s.at < len(s.chunks); s.at, s.used = s.at+1, 0 {
		if c := s.chunks[s.at]; n <= len(c)-s.used {
			s.used += n
			return c[s.used-n : s.used : s.used]
		}
	}
	c := make([]T, max(n, s.chunk))
	s.chunks, s.used = append(s.chunks, c), n
	return c[:n:n]
}

// reset takes everything back and reports whether chunks had to go.
func (s *slab[T]) reset() bool {
	s.at, s.used = 0, 0
	total := 0
	for i, c := range s.chunks {
		if total += len(c); total > s.kept {
			clear(s.chunks[i:])
			s.chunks = s.chunks[:i]
			return true
		}
	}
	return false
}

func (s *slab[T]) zero() {
	for _, c := range s.chunks {
		clear(c)
	}
}
