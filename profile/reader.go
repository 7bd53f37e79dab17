package profile

import (
	"encoding/binary"
	"errors"
	"math"
)

var errShort = errors.New("cut short")

// reader takes a blob apart. The first error sticks and everything after it
// reads as zero, so callers check err once. Lengths are checked against what
// is left before anything is allocated.
type reader struct {
	blob     string
	at       int // what follows is still to be read
	err      error
	shadowed bool // the blob has shadows behind the conditions
	// journaled says that each shadow has its state as to conditions behind it.
	journaled bool
	old       bool // the blob is of format 1, in which the sums of lumps are numbers and groups have no traits
	inline    bool // the blob has the traits between groups and message ids, and no tail

	tailBytes uint64 // of the tail, and its checksum, as the base says; 0 for none
	tailSum   uint32
	tail      string // once it was cut off behind blob

	// Memory for the points to come.
	least int // entries that the columns of several series get at once; 0 for a column of its own for each
	times column[int64]
	nums  column[float64]
	vals  column[string]
	lumps column[lump]
}

// left is the number of bytes still to be read.
func (r *reader) left() int { return len(r.blob) - r.at }

// column is memory for the columns of points that is handed out in pieces.
type column[T any] []T

// take returns space for n entries: in own, which is nobody else's, where that
// has the room. Where nothing is said of others to come it has room for more.
func (c *column[T]) take(own []T, n, least int) []T {
	if n <= cap(own) {
		return own[:n]
	}
	if least == 0 {
		return make([]T, n, n+n/4+1)
	}
	if n > len(*c) {
		*c = make([]T, max(n, least))
	}
	taken := (*c)[:n:n]
	*c = (*c)[n:]
	return taken
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err, r.at = err, len(r.blob)
	}
}

func (r *reader) byte() byte {
	if r.at >= len(r.blob) {
		r.fail(errShort)
		return 0
	}
	b := r.blob[r.at]
	r.at++
	return b
}

func (r *reader) uvarint() uint64 {
	if r.at < len(r.blob) && r.blob[r.at] < 0x80 { // most are this short
		r.at++
		return uint64(r.blob[r.at-1])
	}
	var x uint64
	for shift := uint(0); shift < 64; shift += 7 {
		b := r.byte()
		x |= uint64(b&0x7f) << shift
		if shift == 63 && b > 1 {
			break
		}
		if b < 0x80 {
			return x
		}
	}
	r.fail(errors.New("number too long"))
	return 0
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// count reads the number of things that take at least size bytes each.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(r.left()/size) {
		r.fail(errShort)
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count(1)
	r.at += n
	return r.blob[r.at-n : r.at]
}

func (r *reader) fixed() uint64 {
	if r.left() < 8 {
		r.fail(errShort)
		return 0
	}
	r.at += 8
	return binary.LittleEndian.Uint64([]byte(r.blob[r.at-8 : r.at]))
}

func (r *reader) float() float64 { return math.Float64frombits(r.fixed()) }
