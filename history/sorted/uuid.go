package sorted

import (
	"encoding/hex"
	"unsafe"
)

// Most clients give events a UUID as messageId. It is kept as its 16 bytes,
// less than half of its text. An id is packed as a tag and what it tells; the
// empty id as nothing.
const (
	packedText = iota // the id as it is
	packedUUID        // 16 bytes: of a UUID in lower case, with hyphens
)

const uuidLength = 36

// packID appends an id's packed form.
func packID(dst []byte, id string) []byte {
	if id == "" {
		return dst
	}
	if len(id) == uuidLength && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' {
		start := len(dst)
		if packed, ok := packUUID(append(dst, packedUUID), id); ok {
			return packed
		}
		dst = dst[:start]
	}
	return append(append(dst, packedText), id...)
}

// packUUID appends the bytes of a text that has the length and the hyphens of a UUID,
// and reports whether it is one.
func packUUID(dst []byte, id string) ([]byte, bool) {
	var packed [16]byte
	text, all := (*[uuidLength]byte)(unsafe.Slice(unsafe.StringData(id), uuidLength)), byte(0)
	for i, at := range pairs {
		high, low := digits[text[at]], digits[text[at+1]]
		packed[i] = high<<4 | low
		all |= high | low
	}
	if all > 0xf {
		return dst, false
	}
	return append(dst, packed[:]...), true
}

// pairs are where the digits of a UUID's bytes stand in its text.
var pairs = [16]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// digits are the values of hexadecimal digits in lower case; 0xff of others.
var digits = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for i, c := range []byte("0123456789abcdef") {
		values[c] = byte(i)
	}
	return values
}()

// unpackID returns an id. The text lies in the packed form or in memory.
func unpackID(packed []byte, memory *[uuidLength]byte) (string, bool) {
	switch {
	case len(packed) == 0:
		return "", true
	case packed[0] == packedText:
		return text(packed[1:]), true
	case packed[0] == packedUUID && len(packed) == 17:
		b := packed[1:]
		at := 0
		for _, n := range []int{4, 2, 2, 2, 6} {
			if at > 0 {
				memory[at] = '-'
				at++
			}
			at += hex.Encode(memory[at:], b[:n])
			b = b[n:]
		}
		return text(memory[:]), true
	}
	return "", false
}
