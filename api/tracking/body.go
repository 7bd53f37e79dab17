package tracking

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/semaphore"
)

// firstRead is how many bytes of a body are asked for at first.
const firstRead = 4 << 10

// claim is the part of Config.InFlight that a request has. It grows with what
// the client has really sent, so a client that sends nothing has nothing.
type claim struct {
	of   *semaphore.Weighted
	held int64
}

// grow makes the claim at least n bytes, if there is room.
func (c *claim) grow(n int) bool {
	more := int64(n) - c.held
	if more <= 0 {
		return true
	}
	if !c.of.TryAcquire(more) {
		return false
	}
	c.held += more
	return true
}

func (c *claim) release() { c.of.Release(c.held) }

// read returns the body of a request, unpacked, at most so many bytes of it.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, limit int, room *claim) ([]byte, *problem) {
	plain, p := unpack(http.MaxBytesReader(w, r.Body, int64(limit)), r.Header.Get("Content-Encoding"), limit)
	if p != nil {
		return nil, p
	}
	body, p := collect(plain, limit, room)
	if p != nil {
		return nil, p
	}
	// The connection is watched while Kafka is waited for, and a deadline that
	// passed meanwhile would end the request.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, nil
}

// unpack returns a reader of what a body says.
func unpack(body io.Reader, encoding string, limit int) (io.Reader, *problem) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, unread(err, limit)
		}
		return plain, nil
	}
	return nil, refuse(http.StatusUnsupportedMediaType, "The Content-Encoding %q is not understood; use gzip, or none.", encoding)
}

// collect reads up to limit bytes, and asks for room as they come.
func collect(body io.Reader, limit int, room *claim) ([]byte, *problem) {
	var read []byte
	for {
		if len(read) == cap(read) {
			size := min(max(firstRead, 2*cap(read)), limit+1)
			if !room.grow(size) {
				return nil, full()
			}
			read = append(make([]byte, 0, size), read...)
		}
		n, err := body.Read(read[len(read):cap(read)])
		read = read[:len(read)+n]
		switch {
		case len(read) > limit:
			return nil, tooLarge(limit)
		case errors.Is(err, io.EOF):
			return read, nil
		case err != nil:
			return nil, unread(err, limit)
		}
	}
}

// full is the answer where there is no room. It has a Retry-After although the
// Python client then gives up the order: it would else ask again at once.
func full() *problem {
	p := refuse(http.StatusTooManyRequests, "There is no room for more events until Kafka has taken those before; send this again. "+
		"The setting tracking.in_flight bounds it.")
	p.again = true
	return p
}

func tooLarge(limit int) *problem {
	return refuse(http.StatusRequestEntityTooLarge, "The body has more than %d bytes, unpacked; send fewer events at once. "+
		"The settings tracking.max_batch, and tracking.max_event for a single event, bound it.", limit)
}

// unread says why a body can't be read.
func unread(err error, limit int) *problem {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, "The body did not come in time; send it faster. The setting tracking.read_timeout bounds it.")
	}
	return refuse(http.StatusBadRequest, "The body can't be read: %v.", err)
}
