package archive

import "bytes"

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

// value returns the length of the first value of data, 0 if its end is not
// there yet.
func (b *balance) value(data []byte) int {
	for b.at < len(data) {
		if b.quoted {
			if !b.closeQuote(data) {
				return 0
			}
			continue
		}
		c := data[b.at]
		if b.depth == 0 && b.at > 0 && (c == '{' || c == '[' || c == '\n') {
			return b.at // what is before it is no object
		}
		b.at++
		switch c {
		case '{', '[':
			b.depth++
		case '}', ']':
			if b.depth--; b.depth <= 0 {
				return b.at
			}
		case '"':
			b.quoted = b.depth > 0
		}
	}
	return 0
}

// closeQuote goes behind the end of a string, and reports whether it is there.
func (b *balance) closeQuote(data []byte) bool {
	for {
		i := bytes.IndexByte(data[b.at:], '"')
		if i < 0 {
			// The backslashes before the end may mask what comes next.
			b.at = len(data) - trailing(data[b.at:])
			return false
		}
		masked := i > 0 && data[b.at+i-1] == '\\' && trailing(data[b.at:b.at+i])%2 == 1
		b.at += i + 1
		if !masked {
			b.quoted = false
			return true
		}
	}
}

// trailing returns the number of backslashes that text ends with.
func trailing(text []byte) int { return len(text) - len(bytes.TrimRight(text, `\`)) }
