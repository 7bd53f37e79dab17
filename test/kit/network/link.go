package network

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"
)

// Link is a TCP proxy in front of one server.
type Link struct {
	Address string // host:port on which clients connect, the same throughout

	listener net.Listener
	running  sync.WaitGroup // of goroutines

	mu       sync.Mutex
	server   string
	cut      bool
	epoch    int                      // of the connections that may be there
	awaited  map[string]chan struct{} // what to close when a connection from an address is accepted
	pairs    map[*pair]struct{}
	trouble  trouble
	changed  chan struct{} // closed when trouble is another
	command  func(name string)
	up, down meter // what clients and what the server have sent
}

// trouble is what happens to what a server answers.
type trouble struct {
	delay      time.Duration
	cutReplies bool
	rate       int // bytes a second, of each direction; 0 for no bound
}

// Open starts a Link on a free port of 127.0.0.1 until the test ends. It
// leads nowhere until To says where.
func Open(t testing.TB) *Link {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// New is Open for a Link that outlives a test. The caller must Close it.
func New() (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting a link: %w", err)
	}
	l := &Link{
		Address: listener.Addr().String(), listener: listener,
		pairs: map[*pair]struct{}{}, awaited: map[string]chan struct{}{}, changed: make(chan struct{}),
	}
	l.running.Go(l.accept)
	return l, nil
}

// Close ends the Link and all its connections.
func (l *Link) Close() {
	l.Cut()
	_ = l.listener.Close()
	l.running.Wait()
}

// To leads new connections to a server, and ends those there are.
func (l *Link) To(address string) {
	l.change(func() { l.server = address })
}

// Cut ends all connections, and new ones at once, until Mend.
func (l *Link) Cut() {
	l.change(func() { l.cut = true })
}

// Reset ends all connections; new ones are welcome.
func (l *Link) Reset() { l.change(func() {}) }

// Delay holds up every answer of the server for d, until Mend.
func (l *Link) Delay(d time.Duration) {
	l.disturb(func() { l.trouble.delay = d })
}

// Throttle has all connections together carry so many bytes a second in each
// direction, until Mend.
func (l *Link) Throttle(rate int) {
	l.disturb(func() { l.trouble.rate = rate })
}

// CutReplies ends, until Mend, every connection in the middle of the first
// reply to an EXEC of Redis: the transaction has landed, and its client can't
// know.
func (l *Link) CutReplies() {
	l.disturb(func() { l.trouble.cutReplies = true })
}

// Mend takes away all trouble.
func (l *Link) Mend() {
	l.disturb(func() { l.cut, l.trouble = false, trouble{} })
}

// OnCommand has do called with the name of every command of Redis, in upper
// case, before it is passed on, on all connections that are made from now on.
// The connection waits meanwhile; others do not. With nil it is over for
// those too that there are.
func (l *Link) OnCommand(do func(name string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.command = do
}

// change changes where connections lead, and ends those there are.
func (l *Link) change(how func()) {
	l.catchUp()
	l.mu.Lock()
	defer l.mu.Unlock()
	how()
	l.epoch++
	for p := range l.pairs {
		p.end()
	}
}

// catchUp returns when all connections are accepted that clients have made:
// the kernel makes them, and keeps them waiting in a line. One of its own is
// the last in it.
func (l *Link) catchUp() {
	l.mu.Lock()
	last, err := net.Dial("tcp", l.Address)
	if err != nil { // closed
		l.mu.Unlock()
		return
	}
	seen := make(chan struct{})
	l.awaited[last.LocalAddr().String()] = seen
	l.mu.Unlock()
	<-seen
	_ = last.Close()
}

// disturb changes what happens to answers, also to those under way.
func (l *Link) disturb(how func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	how()
	close(l.changed)
	l.changed = make(chan struct{})
}

// present returns the trouble there is, and what tells when it is another.
func (l *Link) present() (trouble, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trouble, l.changed
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil { // closed
			l.mu.Lock()
			defer l.mu.Unlock()
			for _, seen := range l.awaited {
				close(seen)
			}
			return
		}
		l.mu.Lock()
		epoch := l.epoch
		seen, own := l.awaited[client.RemoteAddr().String()]
		delete(l.awaited, client.RemoteAddr().String())
		l.mu.Unlock()
		if own {
			close(seen)
			_ = client.Close()
			continue
		}
		l.running.Go(func() { l.serve(client.(*net.TCPConn), epoch) })
	}
}

// serve passes on what comes over one connection until it ends.
func (l *Link) serve(client *net.TCPConn, epoch int) {
	l.mu.Lock()
	to, refused := l.server, l.cut || l.server == "" || l.epoch != epoch
	l.mu.Unlock()
	if refused {
		refuse(client)
		return
	}
	server, err := net.Dial("tcp", to)
	if err != nil {
		refuse(client)
		return
	}
	p := &pair{link: l, client: client, server: server.(*net.TCPConn), over: make(chan struct{})}
	l.mu.Lock()
	if stale := l.epoch != epoch; stale {
		p.end()
	}
	l.pairs[p] = struct{}{}
	watched := l.command != nil
	l.mu.Unlock()
	p.run(watched)
	l.mu.Lock()
	delete(l.pairs, p)
	l.mu.Unlock()
}

// refuse ends a connection so that its other end sees an error.
func refuse(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
