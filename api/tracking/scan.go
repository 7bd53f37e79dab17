package tracking

import (
	"bytes"
	"encoding/json"
)

// What is scanned here is known to be JSON, because the body that it is part of
// was checked as a whole. So only strings and brackets have to be told apart,
// which takes a fraction of what parsing it again would.

// object returns the fields of a JSON object, or false for what is none.
func object(text []byte) (fields, bool) {
	if len(text) == 0 || text[0] != '{' {
		return nil, false
	}
	f := fields{}
	for rest := skipSpace(text[1:]); rest[0] != '}'; {
		end := endOfString(rest)
		name := nameOf(rest[:end])
		rest = skipSpace(skipSpace(rest[end:])[1:]) // the colon
		end = endOfValue(rest)
		f[name] = rest[:end:end]
		if rest = skipSpace(rest[end:]); rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
	}
	return f, true
}

// elements returns at most so many elements of a JSON array and one more, or
// false for what is none.
func elements(text []byte, most int) ([]json.RawMessage, bool) {
	if len(text) == 0 || text[0] != '[' {
		return nil, false
	}
	list := []json.RawMessage{}
	for rest := skipSpace(text[1:]); rest[0] != ']' && len(list) <= most; {
		end := endOfValue(rest)
		list = append(list, rest[:end:end])
		if rest = skipSpace(rest[end:]); rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
	}
	return list, true
}

// nameOf returns the text of a quoted name.
func nameOf(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var name string
	_ = json.Unmarshal(quoted, &name) // it is a JSON string
	return name
}

func skipSpace(text []byte) []byte {
	for i, c := range text {
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return text[i:]
		}
	}
	return nil
}

// endOfString returns where the string ends that text begins with.
func endOfString(text []byte) int {
	for i := 1; ; i++ {
		i += bytes.IndexAny(text[i:], `"\`)
		if text[i] == '"' {
			return i + 1
		}
		i++ // what is escaped
	}
}

// endOfValue returns where the value ends that text begins with.
func endOfValue(text []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch text[i] {
		case '"':
			i += endOfString(text[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth > 0 {
				continue
			}
			return i + endOfWord(text[i:])
		}
		if depth == 0 {
			return i + 1
		}
	}
}

// endOfWord returns where a number, true, false or null ends.
func endOfWord(text []byte) int {
	for i, c := range text {
		switch c {
		case ',', '}', ']', ' ', '\n', '\r', '\t':
			return i
		}
	}
	return len(text)
}
