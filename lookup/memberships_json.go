package lookup

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strconv"
)

// AppendJSON appends the memberships as encoding/json writes them where it does
// not escape what only HTML needs escaped, byte for byte. Hundreds of ids take it
// less than half of the time.
func (m *Memberships) AppendJSON(b []byte) []byte {
	b = appendText(append(b, `{"profile":`...), m.Profile)
	b = appendText(append(b, `,"at":`...), m.At.String())
	b = strconv.AppendUint(append(b, `,"version":`...), m.Version, 10)
	b = appendTexts(append(b, `,"segments":`...), m.Segments)
	b = strconv.AppendBool(append(b, `,"outdated":`...), m.Outdated)
	return append(b, '}')
}

func appendTexts(b []byte, texts []string) []byte {
	if texts == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, text)
	}
	return append(b, ']')
}

// appendText appends a text in quotes. What needs escaping, and all beyond ASCII,
// is left to encoding/json.
func appendText(b []byte, text string) []byte {
	b = append(b, '"')
	start := len(b)
	if b = append(b, text...); plain(b[start:]) {
		return append(b, '"')
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text always can be
	return append(b[:start-1], bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

// plain reports whether a text is of ASCII that JSON has as it is. It looks at
// eight bytes at a time, at the last eight anew where they are no whole word.
func plain(text []byte) bool {
	if len(text) < 8 {
		var word [8]byte
		copy(word[copy(word[:], "        ")-len(text):], text)
		return plainWord(binary.LittleEndian.Uint64(word[:]))
	}
	for at := 0; at+8 <= len(text); at += 8 {
		if !plainWord(binary.LittleEndian.Uint64(text[at:])) {
			return false
		}
	}
	return plainWord(binary.LittleEndian.Uint64(text[len(text)-8:]))
}

// plainWord is plain of eight bytes. A byte less than another borrows, which sets
// its highest bit; where an earlier byte is not plain, a later one may seem so
// too, which changes nothing.
func plainWord(w uint64) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^(each*'"'), w^(each*'\\')
	return (w|(w-each*' ')|(quote-each)|(slash-each))&high == 0
}
