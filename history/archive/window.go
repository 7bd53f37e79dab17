package archive

import (
	"errors"
	"io"
	"sync"
)

// usualWindow is enough for all but odd records.
const usualWindow = 256 << 10

// window is a part of a text, moved over it: data is what was read and not yet
// taken. A record is a piece of it, so none is copied.
type window struct {
	r     io.Reader
	space []byte // data lies within it
	data  []byte
	ended bool
}

var windows = sync.Pool{New: func() any { return &window{space: make([]byte, usualWindow)} }}

func newWindow(r io.Reader) *window {
	w := windows.Get().(*window)
	w.r, w.data, w.ended = r, w.space[:0], false
	return w
}

// release gives the window back, unless a long record has made it large.
func (w *window) release() {
	w.r, w.data = nil, nil
	if len(w.space) == usualWindow {
		windows.Put(w)
	}
}

// take drops n bytes from the beginning of data.
func (w *window) take(n int) { w.data = w.data[n:] }

// more adds to the end of data, up to MaxRecord bytes and one more. What was
// found in data before is at another place after it. At the end of the text it
// sets ended.
func (w *window) more() error {
	if len(w.data) > MaxRecord {
		return ErrLong
	}
	w.makeRoom()
	for range 100 {
		n, err := w.r.Read(w.data[len(w.data):cap(w.data)])
		w.data = w.data[:len(w.data)+n]
		if errors.Is(err, io.EOF) {
			w.ended = true
			return nil
		}
		if n > 0 || err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// largestWindow has room for a record that is too long by one byte.
const largestWindow = MaxRecord + 1 + usualWindow

// makeRoom has data lie at the beginning of space, which grows when it is more
// than half full.
func (w *window) makeRoom() {
	switch {
	case 2*len(w.data) >= len(w.space) && len(w.space) < largestWindow:
		larger := make([]byte, min(2*len(w.space), largestWindow))
		w.data, w.space = larger[:copy(larger, w.data)], larger
	case cap(w.data) < len(w.space):
		w.data = w.space[:copy(w.space, w.data)]
	}
}
