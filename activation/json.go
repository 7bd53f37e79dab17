package activation

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// The formats write JSON by hand: the order of keys is theirs, so that equal
// changes make equal bytes, and a body costs one allocation.

const hexDigits = "0123456789abcdef"

// appendText appends a text as a JSON string. Each byte that is no UTF-8
// becomes U+FFFD, as encoding/json has it, so such a text never fails and
// never breaks a body; but two that differ in nothing else look alike.
func appendText(to []byte, text string) []byte {
	to = append(to, '"')
	from := 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				to = appendEscaped(append(to, text[from:i]...), c)
				from = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			to = append(append(to, text[from:i]...), `\ufffd`...)
			from = i + size
		case r == '\u2028' || r == '\u2029': // JavaScript before 2019 takes them for ends of lines
			to = append(append(to, text[from:i]...), `\u202`...)
			to = append(to, hexDigits[r&0xf])
			from = i + size
		}
		i += size
	}
	return append(append(to, text[from:]...), '"')
}

func appendEscaped(to []byte, c byte) []byte {
	if c == '"' || c == '\\' {
		return append(to, '\\', c)
	}
	return append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// appendField appends a comma, a key that needs no escape, and a text.
func appendField(to []byte, key, text string) []byte {
	return appendText(appendKey(to, key), text)
}

// appendKey appends a comma and a key that needs no escape.
func appendKey(to []byte, key string) []byte {
	return append(append(append(to, ',', '"'), key...), '"', ':')
}

// earliest and latest are the years 0 and 9999, which RFC 3339 can say.
const (
	earliest = -62167219200000
	latest   = 253402300799999
)

// appendTime appends a time as FormatTime has it, with quotes.
func appendTime(to []byte, ms int64) []byte {
	return append(calendar(ms).AppendFormat(append(to, '"'), timeLayout), '"')
}

const timeLayout = "2006-01-02T15:04:05.000Z"

// FormatTime returns a time, in ms since 1970 UTC, as RFC 3339 has it: in UTC
// and with three digits of a second. One that the years 0 to 9999 can't hold
// becomes the nearest.
func FormatTime(ms int64) string { return calendar(ms).Format(timeLayout) }

func calendar(ms int64) time.Time { return time.UnixMilli(min(max(ms, earliest), latest)).UTC() }

func appendVersion(to []byte, version uint64) []byte {
	return strconv.AppendUint(appendKey(to, "version"), version, 10)
}
