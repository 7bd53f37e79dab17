package wire

import (
	"encoding/binary"
	"errors"
)

// errShort is the error of every read past the end of the input.
var errShort = errors.New("the input ends too early")

// decoder reads Kafka's primitive types. After the first error every read
// returns zero, so that callers check err once.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) take(n int) []byte {
	if d.err != nil || n < 0 || n > len(d.rest) {
		d.fail()
		return nil
	}
	taken := d.rest[:n:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errShort
	}
	d.rest = nil
}

func (d *decoder) int8() int8 {
	if b := d.take(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (d *decoder) int16() int16 {
	if b := d.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (d *decoder) int32() int32 {
	if b := d.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (d *decoder) int64() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// hasHeader reads the headers of a record, and reports whether one has this
// key. Those without any, which most are, may end before them.
func (d *decoder) hasHeader(key string) bool {
	if d.err != nil || len(d.rest) == 0 {
		return false
	}
	found := false
	for range d.varint() {
		found = string(d.bytes()) == key || found
		d.bytes() // its value
		if d.err != nil {
			return false
		}
	}
	return found
}

// skipString skips the text of a 2-byte length string.
func (d *decoder) skipString() {
	if n := d.int16(); n > 0 {
		d.take(int(n))
	}
}

// bytes returns a varint-length byte string, nil for a null one. An empty
// one is not nil.
func (d *decoder) bytes() []byte {
	n := d.varint()
	if n < 0 || d.err != nil {
		return nil
	}
	if n > int64(len(d.rest)) {
		d.fail()
		return nil
	}
	return d.take(int(n))
}

// count returns a 4-byte array length, 0 for a null array. Every element
// takes at least one byte, so a count beyond the input is an error.
func (d *decoder) count() int {
	n := int(d.int32())
	if n > len(d.rest) {
		d.fail()
		return 0
	}
	return max(n, 0)
}
