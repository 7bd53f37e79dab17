package sink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"

	"muster/credentials"
)

// lines are the connections that are open. Behind a proxy, or a name that a
// failover points elsewhere, those that were made before still lead to the
// server of before, which is a replica now: it answers and takes no writes,
// for ever. Closed, they are made anew and lead to the new master.
type lines struct {
	mu   sync.Mutex
	open map[*line]struct{}
}

func newLines() *lines { return &lines{open: map[*line]struct{}{}} }

// over returns a dial whose connections are in l while they are open.
func (l *lines) over(dial credentials.Dial) credentials.Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		made, err := dial(ctx, network, address)
		if err != nil {
			return nil, fmt.Errorf("connecting: %w", err)
		}
		one := &line{Conn: made, of: l}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.open[one] = struct{}{}
		return one, nil
	}
}

// drop closes all connections. An answer that one of them waits for is lost.
func (l *lines) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for one := range l.open {
		_ = one.Conn.Close()
	}
	clear(l.open)
}

// line is one connection.
type line struct {
	net.Conn
	of *lines
}

// Close implements net.Conn.
func (l *line) Close() error {
	l.of.mu.Lock()
	delete(l.of.open, l)
	l.of.mu.Unlock()
	return l.Conn.Close()
}

// SyscallConn lets go-redis see that the other side has hung up.
func (l *line) SyscallConn() (syscall.RawConn, error) {
	raw, ok := l.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return raw.SyscallConn()
}
