package sink_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// fault is what the proxy does to one EXEC.
type fault int

const (
	pass         fault = iota
	cutBefore          // close both connections, the EXEC is lost
	cutAfter           // let Redis run it, then close the client's connection
	stall              // let Redis run it, and never answer
	hold               // close the client's connection, keep the EXEC on its way
	releaseFirst       // deliver the EXEC that is held, then this one
)

// proxy stands between a store and Redis and reads the commands it passes on.
type proxy struct {
	address string
	server  string
	down    atomic.Bool // new connections are closed at once

	mu     sync.Mutex
	reword func(reply []byte) []byte // of connections made from now on; nil for none
	faults []fault                   // of the next EXECs
	held   *link
	execs  int
	links  []*link // that were ever made
}

// cutAll ends all connections. New ones are welcome.
func (p *proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.links {
		_ = l.client.Close()
	}
	p.links = nil
}

// link is one connection through the proxy.
type link struct {
	client, server net.Conn
	reword         func(reply []byte) []byte
	muted          atomic.Bool   // replies are thrown away
	ended          chan struct{} // the server's side has ended
}

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: listener.Addr().String(), server: server}
	var links sync.WaitGroup
	links.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			links.Go(func() { p.serve(c) })
		}
	})
	// Cleanups run last to first: the store's connections are closed by then.
	t.Cleanup(func() {
		_ = listener.Close()
		links.Wait()
	})
	return p
}

// script says what happens to the next EXECs; later ones pass.
func (p *proxy) script(faults ...fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults, p.execs = faults, 0
}

// to leads new connections to another server. Those that there are stay.
func (p *proxy) to(server string, reword func(reply []byte) []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server, p.reword = server, reword
}

// sent returns how many EXECs the store has sent since script.
func (p *proxy) sent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.execs
}

func (p *proxy) next() fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.execs++
	if len(p.faults) == 0 {
		return pass
	}
	f := p.faults[0]
	p.faults = p.faults[1:]
	return f
}

func (p *proxy) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	if p.down.Load() {
		return
	}
	p.mu.Lock()
	address, reword := p.server, p.reword
	p.mu.Unlock()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	l := &link{client: c, server: server, reword: reword, ended: make(chan struct{})}
	p.mu.Lock()
	p.links = append(p.links, l)
	p.mu.Unlock()
	go l.replies()
	commands := bufio.NewReader(c)
	for {
		raw, name, err := readCommand(commands)
		if err != nil {
			_ = server.Close()
			return
		}
		keep := true
		if name == "EXEC" {
			keep = p.exec(l, raw)
		} else {
			_, err = server.Write(raw)
		}
		if !keep || err != nil {
			return
		}
	}
}

// exec passes one EXEC on as scripted and reports whether the link goes on.
func (p *proxy) exec(l *link, raw []byte) bool {
	switch p.next() {
	case cutBefore:
		_ = l.server.Close()
		return false
	case cutAfter:
		l.finish(raw)
		return false
	case stall:
		l.muted.Store(true)
	case hold:
		l.muted.Store(true)
		p.mu.Lock()
		p.held = l
		p.mu.Unlock()
		return false
	case releaseFirst:
		p.release()
	}
	_, err := l.server.Write(raw)
	return err == nil
}

// release delivers the EXEC that is held and waits until Redis has run it.
func (p *proxy) release() {
	p.mu.Lock()
	held := p.held
	p.mu.Unlock()
	held.finish([]byte("*1\r\n$4\r\nexec\r\n"))
}

// finish sends the last command of a link and waits until Redis has read all
// of it and closed.
func (l *link) finish(raw []byte) {
	l.muted.Store(true)
	_, _ = l.server.Write(raw)
	_ = l.server.(*net.TCPConn).CloseWrite()
	<-l.ended
}

func (l *link) replies() {
	defer close(l.ended)
	defer func() { _ = l.server.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buffer)
		if !l.muted.Load() {
			reply := buffer[:n]
			if l.reword != nil {
				reply = l.reword(reply)
			}
			if _, err := l.client.Write(reply); err != nil {
				return
			}
		}
		if err != nil {
			if !l.muted.Load() {
				_ = l.client.Close()
			}
			return
		}
	}
}

// readCommand reads one command as clients send it, an array of bulk strings.
func readCommand(r *bufio.Reader) (raw []byte, name string, err error) {
	count, raw, err := readLength(r, '*', nil)
	for i := 0; i < count && err == nil; i++ {
		var length int
		length, raw, err = readLength(r, '$', raw)
		if err != nil {
			break
		}
		bulk := make([]byte, length+len("\r\n"))
		_, err = io.ReadFull(r, bulk)
		raw = append(raw, bulk...)
		if i == 0 {
			name = strings.ToUpper(string(bulk[:length]))
		}
	}
	return raw, name, err
}

func readLength(r *bufio.Reader, kind byte, raw []byte) (int, []byte, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, raw, err
	}
	if line[0] != kind {
		return 0, raw, fmt.Errorf("a command starts with %q", line)
	}
	length, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	return length, append(raw, line...), err
}
