package event

import "bytes"

// elementSpans appends the text of every element of the array that is the
// value of the data's n-th field. The data must have been parsed as an
// object: nothing is checked here.
func elementSpans(dst [][]byte, data []byte, n int) [][]byte {
	i := skipSpace(data, 0) + 1
	for ; ; n-- {
		key := skipSpace(data, i)
		colon := skipSpace(data, valueEnd(data, key))
		i = skipSpace(data, colon+1)
		if n == 0 {
			break
		}
		comma := skipSpace(data, valueEnd(data, i))
		i = comma + 1
	}
	i = skipSpace(data, i+1)
	for data[i] != ']' {
		end := valueEnd(data, i)
		dst = append(dst, data[i:end:end])
		if i = skipSpace(data, end); data[i] == ',' {
			i = skipSpace(data, i+1)
		}
	}
	return dst
}

// valueEnd returns the end of the JSON value that starts at i.
func valueEnd(data []byte, i int) int {
	switch data[i] {
	case '"':
		return stringEnd(data, i)
	case '{', '[':
		return compositeEnd(data, i)
	}
	for i < len(data) && bytes.IndexByte([]byte(",]} \t\r\n"), data[i]) < 0 {
		i++
	}
	return i
}

func compositeEnd(data []byte, i int) int {
	for depth := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = stringEnd(data, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return i
}

// stringEnd returns the index behind the closing quote of the string that
// opens at i, or the end of the data.
func stringEnd(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\t' || data[i] == '\r') {
		i++
	}
	return i
}
