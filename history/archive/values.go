package archive

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// readValues gives JSON objects and arrays that stand one behind the other.
// What stands between them and is not white space is given too, as a record
// that no decoder takes, so that it is not passed over in silence.
func readValues(w *window, given *counter) error {
	given.next = 1
	for {
		var b balance
		end, err := nextValue(w, &b)
		if err != nil {
			return err
		}
		if end == 0 {
			return nil
		}
		if end > MaxRecord {
			return ErrLong
		}
		if err := given.give(w.data[:end]); err != nil {
			return err
		}
		given.next++
		w.take(end)
	}
}

// nextValue returns the length of the value that data begins with, after
// dropping white space; 0 at the end of the text.
func nextValue(w *window, b *balance) (int, error) {
	for {
		if b.at == 0 {
			w.take(len(w.data) - len(bytes.TrimLeft(w.data, " \t\r\n")))
		}
		if end := b.value(w.data); end > 0 {
			return end, nil
		}
		if w.ended {
			return len(w.data), nil // a value that is cut off is its decoder's to refuse
		}
		if err := w.more(); err != nil {
			return 0, err
		}
	}
}

// balance looks for the end of a value. It can go on where data ended.
type balance struct {
	at     int // bytes of data that were looked at
	depth  int // objects and arrays that are open
	quoted bool
}

// marks are the bytes that the structure of a value is made of.
var marks = [256]bool{'{': true, '[': true, '}': true, ']': true, '"': true}

// value returns the length of the first value of data, 0 if its end is not
// there yet.
func (b *balance) value(data []byte) int {
	if len(data) > 0 && data[0] != '{' && data[0] != '[' {
		return b.stray(data)
	}
	if b.quoted && !b.closeQuote(data) {
		return 0
	}
	at, depth := b.at, b.depth
	for at < len(data) {
		c := data[at]
		at++
		if !marks[c] {
			continue
		}
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at
			}
		default:
			if b.at = at; !b.closeQuote(data) {
				b.depth = depth
				return 0
			}
			at = b.at
		}
	}
	b.at, b.depth = at, depth
	return 0
}

// stray returns the length of what is no object or array: up to where one
// begins, or the end of the line.
func (b *balance) stray(data []byte) int {
	if end := bytes.IndexAny(data[b.at:], "{[\n"); end >= 0 {
		return b.at + end
	}
	b.at = len(data)
	return 0
}

// Eight bytes that are all the same, and what tells which of eight are zero.
const (
	quotes      = 0x2222222222222222
	backslashes = 0x5c5c5c5c5c5c5c5c
	ones        = 0x0101010101010101
	highs       = 0x8080808080808080
)

// closeQuote goes behind the end of a string, and reports whether it is there.
// It looks at eight bytes at a time, as most strings are short.
func (b *balance) closeQuote(data []byte) bool {
	at := b.at
	for at < len(data) {
		if at+8 <= len(data) {
			word := binary.LittleEndian.Uint64(data[at:])
			quote, backslash := word^quotes, word^backslashes
			found := ((quote-ones)&^quote | (backslash-ones)&^backslash) & highs // its lowest bit is right
			if found == 0 {
				at += 8
				continue
			}
			at += bits.TrailingZeros64(found) / 8
		}
		switch data[at] {
		case '"':
			b.at, b.quoted = at+1, false
			return true
		case '\\':
			if at+1 == len(data) {
				b.at, b.quoted = at, true // what it masks is not there yet
				return false
			}
			at++
		}
		at++
	}
	b.at, b.quoted = at, true
	return false
}
