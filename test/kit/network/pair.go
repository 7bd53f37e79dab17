package network

import (
	"bytes"
	"net"
	"sync"
	"time"
)

const (
	chunkSize = 32 << 10
	// mostUnderWay bounds the chunks that are held up on a connection; the
	// server waits when there are so many.
	mostUnderWay = 1024
)

// pair is a connection through a Link: that of a client and that to the
// server.
type pair struct {
	link           *Link
	client, server *net.TCPConn
	once           sync.Once
	over           chan struct{} // closed when the pair is to end
}

// chunk is something that a server has sent.
type chunk struct {
	data []byte
	came time.Time
}

// end ends both connections.
func (p *pair) end() {
	p.once.Do(func() {
		close(p.over)
		_ = p.client.Close()
		_ = p.server.Close()
	})
}

// run passes on until either side ends. Watched says whether commands are
// told.
func (p *pair) run(watched bool) {
	var sides sync.WaitGroup
	sides.Go(func() {
		if watched {
			p.tell()
		} else {
			p.pass()
		}
		_ = p.server.CloseWrite()
	})
	answers := make(chan chunk, mostUnderWay)
	sides.Go(func() { p.hear(answers) })
	p.answer(answers)
	p.end()
	sides.Wait()
}

// pass passes on what the client sends.
func (p *pair) pass() {
	buffer := make([]byte, meteredSize)
	for {
		n, err := p.client.Read(buffer)
		if n > 0 {
			if !p.meter(&p.link.up, n) {
				return
			}
			if _, err := p.server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// tell passes commands on, each after it was told.
func (p *pair) tell() {
	commands := newCommands(p.client)
	for {
		raw, name, err := commands.next()
		if err != nil {
			return
		}
		p.link.mu.Lock()
		told := p.link.command
		p.link.mu.Unlock()
		if told != nil {
			told(name)
		}
		if !p.meter(&p.link.up, len(raw)) {
			return
		}
		if _, err := p.server.Write(raw); err != nil {
			return
		}
	}
}

// hear takes what the server sends.
func (p *pair) hear(answers chan<- chunk) {
	defer close(answers)
	buffer := make([]byte, chunkSize)
	for {
		n, err := p.server.Read(buffer)
		if n > 0 {
			select {
			case answers <- chunk{bytes.Clone(buffer[:n]), time.Now()}:
			case <-p.over:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// answer passes on what the server has sent, with what trouble there is.
func (p *pair) answer(answers <-chan chunk) {
	var replies replyCutter
	for c := range answers {
		now, ok := p.hold(c.came)
		if !ok {
			return
		}
		data, cut := c.data, false
		if now.cutReplies {
			data, cut = replies.cut(data)
		} else {
			replies = replyCutter{}
		}
		if !p.meter(&p.link.down, len(data)) {
			return
		}
		if _, err := p.client.Write(data); err != nil || cut {
			return
		}
	}
}

// hold waits for as long as answers are delayed, and returns the trouble
// there is then; false when the pair is to end.
func (p *pair) hold(came time.Time) (trouble, bool) {
	for {
		now, changed := p.link.present()
		left := now.delay - time.Since(came)
		if now.delay == 0 || left <= 0 {
			return now, true
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-changed:
		case <-p.over:
			timer.Stop()
			return now, false
		}
		timer.Stop()
	}
}
