package engine

// pile is a list of unknown length that is filled once. Unlike an appended
// slice it is never copied, which for the postings of a large set would take
// several times their own memory.
type pile[T any] struct {
	chunks [][]T
	length int
}

// chunkLength is the number of elements that a pile grows by.
const chunkLength = 4096

func (p *pile[T]) add(v T) {
	if p.length%chunkLength == 0 {
		p.chunks = append(p.chunks, make([]T, 0, chunkLength))
	}
	last := &p.chunks[len(p.chunks)-1]
	*last = append(*last, v)
	p.length++
}

// each calls f with every element, in the order in which they were added.
func (p *pile[T]) each(f func(*T)) {
	for _, chunk := range p.chunks {
		for i := range chunk {
			f(&chunk[i])
		}
	}
}
