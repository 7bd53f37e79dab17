package event

import (
	"bytes"
	"strings"
	"unicode/utf16"
)

// checkEscapes refuses escapes that JSON does not know. Half a surrogate
// pair, as clients that cut a string in the middle of an emoji send it,
// becomes U+FFFD in a copy, since fastjson would leave its escape as text.
//
// It needs no idea of where strings begin: a backslash anywhere else does
// not parse in the first place.
func (d *Decoder) checkEscapes(data []byte) ([]byte, error) {
	text := data
	for i := 0; ; {
		n := bytes.IndexByte(data[i:], '\\')
		if n < 0 {
			return text, nil
		}
		i += n
		size, half := escape(data[i:])
		if size == 0 {
			return nil, notJSON(data)
		}
		if half {
			if &text[0] == &data[0] {
				d.mended = append(d.mended[:0], data...)
				text = d.mended
			}
			copy(text[i:], `\ufffd`)
		}
		i += size
	}
}

// escape returns the length of the escape that b starts with, 0 if it is
// none of JSON's, and whether it is half a surrogate pair.
func escape(b []byte) (size int, half bool) {
	if len(b) < 2 {
		return 0, false
	}
	if b[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, b[1]) < 0 {
			return 0, false
		}
		return 2, false
	}
	first := hex4(b[2:])
	switch {
	case first < 0:
		return 0, false
	case !utf16.IsSurrogate(first):
		return 6, false
	}
	if rest := b[6:]; len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
		if utf16.DecodeRune(first, hex4(rest[2:])) != '\uFFFD' {
			return 12, false
		}
	}
	return 6, true
}

// hex4 reads four hexadecimal digits, or returns -1.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}
