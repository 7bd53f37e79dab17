package profile

import (
	"bytes"
	"slices"
	"strings"
	"unsafe"
)

// The series of a profile are kept as they are stored in one piece of memory,
// its block: storing the profile then reads one place and not forty. A kept
// series says where in it its points are. A block is written over in place,
// as often as the profile is stored, so nobody may refer to it: points that
// are read from it take copies of their texts.

// encoded returns the points of a series as they are stored. It is a view of
// the block and not a copy: it must not be used beyond the next storing.
func (p *Profile) encoded(k *kept) string {
	return unsafe.String(unsafe.SliceData(p.block[k.at:k.at+k.size]), int(k.size))
}

// settles reports whether storing the profile now brings a series into its
// block.
func (p *Profile) settles() bool {
	return slices.ContainsFunc(p.kept, func(k kept) bool { return k.size == 0 && !k.fresh })
}

// blockSlack is how many bytes a new block is longer than what it is made for,
// and an eighth of that: the next events find room.
const blockSlack = 32

// setBlock makes a text the block, in the memory of the one before where it
// has room and not twice too much of it.
func (p *Profile) setBlock(text []byte) {
	if spoiling {
		copy(p.block, bytes.Repeat([]byte{0xff}, len(p.block)))
		p.block = nil
	}
	if n := len(text); n > cap(p.block) || cap(p.block) > 2*n+blockSlack {
		p.block = make([]byte, 0, n+n/8+blockSlack)
	}
	p.block = append(p.block[:0], text...)
}

// ownTexts has points hold copies of their texts.
func (p *points) ownTexts() {
	if len(p.vals) == 0 {
		return
	}
	var all strings.Builder
	all.Grow(p.text)
	for _, text := range p.vals {
		all.WriteString(text)
	}
	rest := all.String()
	for i, text := range p.vals {
		p.vals[i], rest = rest[:len(text)], rest[len(text):]
	}
}
