package api

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// wholeListener accepts connections that can send an answer in one piece.
//
// net/http collects 4 KB of an answer before it sends them, whatever its length:
// one of 6 KB is two system calls here, and wakes its reader twice. Where thousands
// of them are sent in a second, that is a large part of what they cost.
type wholeListener struct{ net.Listener }

// Accept implements net.Listener.
func (l wholeListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wholeConn{Conn: conn}, nil
}

// wholeConn is a connection that keeps what is written to it from hold to release.
type wholeConn struct {
	net.Conn

	mu   sync.Mutex
	kept *[]byte // nil but from hold to release
}

// Write implements net.Conn.
func (c *wholeConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if c.kept != nil {
		*c.kept = append(*c.kept, p...)
		c.mu.Unlock()
		return len(p), nil
	}
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// hold has what is written from here on kept in memory, in room that is empty.
func (c *wholeConn) hold(room *[]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = room
}

// release sends what was kept. Where that fails the connection ends: net/http holds
// the answer for sent, and a part of it must not be followed by another one.
func (c *wholeConn) release() {
	c.mu.Lock()
	kept := c.kept
	c.kept = nil
	c.mu.Unlock()
	if len(*kept) == 0 {
		return
	}
	if _, err := c.Conn.Write(*kept); err != nil {
		_ = c.Close() // a client that went away is no concern
	}
}

type wholeKey struct{}

// withWhole is the context of a connection's requests.
func withWhole(ctx context.Context, conn net.Conn) context.Context {
	if encrypted, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = encrypted.NetConn()
	}
	return context.WithValue(ctx, wholeKey{}, conn)
}

// writeWhole writes the body of an answer whose headers are set, and sends all of
// it in one piece where the connection can and is that of this answer alone, which
// with HTTP/2 it is not.
func writeWhole(w http.ResponseWriter, request *http.Request, body []byte) {
	conn, _ := request.Context().Value(wholeKey{}).(*wholeConn)
	if conn == nil || request.ProtoMajor != 1 {
		_, _ = w.Write(body) // a client that went away is no concern
		return
	}
	room := takeRoom()
	conn.hold(room)
	defer func() {
		conn.release()
		giveRoom(room)
	}()
	_, _ = w.Write(body)
	_ = http.NewResponseController(w).Flush() // it goes no further than into room
}

// longestKept is the capacity in bytes of the largest buffer that is kept for the
// next answer.
const longestKept = 64 << 10

var rooms = sync.Pool{New: func() any { return new([]byte) }}

// takeRoom returns an empty buffer, and giveRoom takes it back.
func takeRoom() *[]byte { return rooms.Get().(*[]byte) }

func giveRoom(room *[]byte) {
	if cap(*room) <= longestKept {
		*room = (*room)[:0]
		rooms.Put(room)
	}
}
