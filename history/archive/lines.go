package archive

import "bytes"

// readLines gives every line that is not empty, without its end. The last one
// may lack it.
func readLines(w *window, given *counter) error {
	given.next = 1
	seen := 0 // bytes of data without an end of line
	for {
		for {
			end := bytes.IndexByte(w.data[seen:], '\n')
			if end < 0 {
				break
			}
			line := w.data[:seen+end]
			if err := giveLine(line, given); err != nil {
				return err
			}
			w.take(len(line) + 1)
			seen = 0
			given.next++
		}
		seen = len(w.data)
		if w.ended {
			return giveLine(w.data, given)
		}
		if err := w.more(); err != nil {
			return err
		}
	}
}

// mark is what some programs begin a text in UTF-8 with. It is no part of the
// first record.
var mark = []byte("\xef\xbb\xbf")

func giveLine(line []byte, given *counter) error {
	if len(line) > MaxRecord {
		return ErrLong
	}
	if given.next == 1 {
		line = bytes.TrimPrefix(line, mark)
	}
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return nil
	}
	return given.give(line)
}
