package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/compress"
)

// MaxInflated bounds the bytes one compressed batch may inflate to. A broker
// takes batches of 1 MB unless told otherwise, so only a hostile or broken
// batch gets here; it is refused.
const MaxInflated = 256 << 20

// Inflater decompresses record batches. It is for one goroutine.
type Inflater struct {
	in bytes.Reader
}

// append inflates packed onto buffer, which may move; what lay in it before
// stays readable in the old place.
func (f *Inflater) append(buffer []byte, codec compress.Compression, packed []byte) ([]byte, error) {
	c := codec.Codec()
	if c == nil {
		return buffer, fmt.Errorf("compression %d is not known", int(codec))
	}
	f.in.Reset(packed)
	reader := c.NewReader(&f.in)
	defer reader.Close()
	limit := len(buffer) + MaxInflated
	for {
		if len(buffer) == cap(buffer) {
			buffer = grow(buffer, len(packed))
		}
		n, err := reader.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case errors.Is(err, io.EOF):
			return buffer, nil
		case err != nil:
			return buffer, fmt.Errorf("reading %s: %w", c.Name(), err)
		case len(buffer) > limit:
			return buffer, fmt.Errorf("reading %s: more than %d bytes", c.Name(), MaxInflated)
		}
	}
}

// grow makes room for at least four times the packed size, which is what
// JSON usually inflates to.
func grow(buffer []byte, packed int) []byte {
	room := max(2*cap(buffer), len(buffer)+4*packed, 4096)
	return append(make([]byte, 0, room), buffer...)
}
