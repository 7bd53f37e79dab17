package credentials

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// handshakeTimeout bounds a handshake. It is shorter than a caller's patience,
// so that what is said about a server that does not answer gets through.
const handshakeTimeout = 5 * time.Second

// Dial opens a connection, as net.Dialer.DialContext does. It returns soon
// after ctx ends.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Over returns a Dial that goes through dial and, where TLS is enabled,
// returns when the server has proved who it is. Its errors, and those of
// reading, are *HandshakeError when the two sides do not understand or trust
// each other, and *FileError when a file can't be used.
func (t TLS) Over(dial Dial) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if !t.Enabled {
			return watch(raw, address), nil
		}
		conn, err := t.shake(ctx, raw, address)
		if err != nil {
			_ = raw.Close()
			return nil, err
		}
		return &encrypted{Conn: conn, tls: t, address: address}, nil
	}
}

// shake makes the handshake with the files as they are now.
func (t TLS) shake(ctx context.Context, raw net.Conn, address string) (net.Conn, error) {
	config, err := t.load()
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", address, err)
	}
	if config.ServerName == "" {
		if config.ServerName, _, err = net.SplitHostPort(address); err != nil {
			return nil, fmt.Errorf("connecting to %s: %w", address, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, t.explain(address, err)
	}
	return conn, nil
}

// encrypted explains why a server turned this program away after the
// handshake.
type encrypted struct {
	net.Conn
	tls      TLS
	address  string
	answered atomic.Bool // whether anything has come
}

// Read reads.
func (c *encrypted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.answered.Store(true)
	}
	return n, c.explain(err)
}

// Write writes. When the server has closed the connection by then, the
// system may drop what it had to say.
func (c *encrypted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

func (c *encrypted) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case refused(err):
		return c.tls.explain(c.address, err)
	case hungUp(err) && !c.answered.Load():
		return hangUp{c.address, c.tls.suspicion()}
	}
	return err
}

// plain looks at what comes first from a server that is not asked for TLS.
type plain struct {
	net.Conn
	address  string
	answered bool // whether anything has come
}

// Read reads.
func (c *plain) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.answered {
		return n, err
	}
	c.answered = n > 0
	return n, explainFirst(c.address, p[:n], err)
}

// socket is a plain that the Redis client can look through, to see whether an
// idle connection is still there.
type socket struct {
	*plain
	syscall.Conn
}

func watch(raw net.Conn, address string) net.Conn {
	watched := &plain{Conn: raw, address: address}
	if system, ok := raw.(syscall.Conn); ok {
		return socket{watched, system}
	}
	return watched
}
