package event

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// check makes sure of what fastjson does not look at: size, UTF-8, depth,
// control characters in strings, and escapes. It returns the text to parse:
// data, or a copy of equal length in which halves of surrogate pairs are
// replaced.
func (d *Decoder) check(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, reject("record", "empty")
	}
	if len(data) > d.config.MaxBytes {
		return nil, reject("record", "%d bytes, the limit is %d", len(data), d.config.MaxBytes)
	}
	has := inspect(data)
	if has.nonASCII && !utf8.Valid(data) {
		return nil, reject("record", "not UTF-8 at byte %d", invalidUTF8(data))
	}
	openers := bytes.Count(data, []byte{'{'}) + bytes.Count(data, []byte{'['})
	if openers > d.config.MaxDepth {
		if at := tooDeep(data, d.config.MaxDepth); at >= 0 {
			return nil, reject("record", "nested more than %d deep at byte %d", d.config.MaxDepth, at)
		}
	}
	if has.control && controlInString(data) {
		return nil, notJSON(data)
	}
	if !has.backslash {
		return data, nil
	}
	return d.checkEscapes(data)
}

// looks are what in a record's bytes makes a closer look necessary.
type looks struct{ nonASCII, control, backslash bool }

// inspect tests four words of eight bytes at a time.
func inspect(data []byte) looks {
	has := looks{backslash: bytes.IndexByte(data, '\\') >= 0}
	var all, control uint64
	for len(data) >= 32 {
		block := data[:32]
		a, b := binary.LittleEndian.Uint64(block), binary.LittleEndian.Uint64(block[8:])
		c, d := binary.LittleEndian.Uint64(block[16:]), binary.LittleEndian.Uint64(block[24:])
		all |= a | b | c | d
		control |= below(a) | below(b) | below(c) | below(d)
		data = data[32:]
	}
	has.nonASCII, has.control = all&highBits != 0, control&highBits != 0
	for _, c := range data {
		has.nonASCII = has.nonASCII || c >= utf8.RuneSelf
		has.control = has.control || c < ' '
	}
	return has
}

const highBits = 0x8080808080808080

// below has a high bit set if any of the word's bytes is less than a space.
func below(word uint64) uint64 { return (word - ' '*0x0101010101010101) &^ word }

func invalidUTF8(data []byte) int {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// tooDeep returns where more than limit objects and arrays are open, or -1.
func tooDeep(data []byte, limit int) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = stringEnd(data, i) - 1
		case '{', '[':
			if depth++; depth > limit {
				return i
			}
		case '}', ']':
			depth--
		}
	}
	return -1
}

func controlInString(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '"' {
			continue
		}
		end := stringEnd(data, i)
		if bytes.ContainsFunc(data[i:end], func(r rune) bool { return r < ' ' }) {
			return true
		}
		i = end - 1
	}
	return false
}

// notJSON says where data stops being JSON.
func notJSON(data []byte) error {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(data, &raw), &syntax) {
		return reject("record", "not JSON")
	}
	at := min(max(int(syntax.Offset)-1, 0), len(data)-1)
	return reject("record", "not JSON at byte %d, at the end of %q", at, data[max(0, at-15):at+1])
}
