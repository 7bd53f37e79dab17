package wire

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// MaxResponse bounds the length of a response. The broker keeps to the
// MaxBytes of the Ask except for one batch, so a longer one means that the
// bytes on the connection are not Kafka's.
const MaxResponse = 512 << 20

// Conn asks one leader for batches, one request at a time. After any error
// it is of no more use.
type Conn struct {
	nc      net.Conn
	client  string
	timeout time.Duration
	id      int32
	request []byte
}

// NewConn takes over an open and authenticated connection. An answer that
// takes longer than the Ask's wait plus timeout is an error.
func NewConn(nc net.Conn, client string, timeout time.Duration) *Conn {
	return &Conn{nc: nc, client: client, timeout: timeout}
}

// Close closes the connection.
func (c *Conn) Close() error { return c.nc.Close() }

// Fetch sends one request and reads the answer into buffer, growing it as
// needed. It returns the buffer to pass in next time; the Response points
// into it. The Response may carry a Code. When ctx ends, Fetch returns soon.
func (c *Conn) Fetch(ctx context.Context, a Ask, buffer []byte) (Response, []byte, error) {
	c.id++
	c.request = appendRequest(c.request[:0], c.id, c.client, a)
	buffer, err := c.exchange(ctx, a.Wait, buffer)
	if err != nil {
		return Response{}, buffer, fmt.Errorf("asking for records: %w", err)
	}
	r, err := parseResponse(buffer)
	return r, buffer, err
}

// exchange sends the request at hand and reads the answer into buffer. The
// broker may take so long and the timeout.
func (c *Conn) exchange(ctx context.Context, wait time.Duration, buffer []byte) ([]byte, error) {
	if err := c.nc.SetDeadline(time.Now().Add(wait + c.timeout)); err != nil {
		return buffer, fmt.Errorf("setting deadline: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.nc.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := c.nc.Write(c.request); err != nil {
		return buffer, fmt.Errorf("sending request: %w", err)
	}
	buffer, err := c.read(buffer)
	if err != nil {
		return buffer, fmt.Errorf("reading response: %w", err)
	}
	return buffer, nil
}

// read reads one response of the request just sent, without its length and
// correlation id.
func (c *Conn) read(buffer []byte) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(c.nc, head[:]); err != nil {
		return buffer, err
	}
	size, id := int(int32(binary.BigEndian.Uint32(head[:])))-4, int32(binary.BigEndian.Uint32(head[4:]))
	if id != c.id {
		return buffer, fmt.Errorf("answer to request %d instead of %d", id, c.id)
	}
	if size < 0 || size > MaxResponse {
		return buffer, fmt.Errorf("length %d is not within 0 and %d", size, MaxResponse)
	}
	if size > cap(buffer) {
		buffer = make([]byte, size)
	}
	buffer = buffer[:size]
	_, err := io.ReadFull(c.nc, buffer)
	return buffer, err
}
