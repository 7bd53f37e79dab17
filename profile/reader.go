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
	rest string
	err  error

	// Of the points read last.
	times   column[int64]
	nums    column[float64]
	vals    column[string]
	buckets column[bucket]
}

// column is memory that is used again.
type column[T any] []T

// take returns space for n entries, nil for none.
func (c *column[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > cap(*c) {
		*c = make([]T, n)
	}
	return (*c)[:n]
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err, r.rest = err, ""
	}
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail(errShort)
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // most are this short
		x := r.rest[0]
		r.rest = r.rest[1:]
		return uint64(x)
	}
	var x uint64
	for shift := uint(0); shift < 64; shift += 7 {
		b := r.byte()
		x |= uint64(b&0x7f) << shift
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
	if n > uint64(len(r.rest)/size) {
		r.fail(errShort)
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count(1)
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) fixed() uint64 {
	if len(r.rest) < 8 {
		r.fail(errShort)
		return 0
	}
	x := binary.LittleEndian.Uint64([]byte(r.rest[:8]))
	r.rest = r.rest[8:]
	return x
}

func (r *reader) float() float64 { return math.Float64frombits(r.fixed()) }
