package sink

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

const (
	// tripLooks is how many look-ups one round trip takes along at most.
	tripLooks = 256
	// tripsAtOnce is how many round trips to one node are on their way at once.
	// One that hangs leaves the other.
	tripsAtOnce = 2
	// maxWaiting bounds the look-ups that wait for a round trip, to all nodes.
	// One more is refused, and asks again as if Redis had asked for patience.
	maxWaiting = 4096
)

// gatherer has look-ups that come together share round trips. One that comes
// while a round trip is free sets out at once. Those that come while all are on
// their way wait, and go together with the next. So nothing is ever waited for
// but Redis, and the more look-ups there are, the fewer round trips each costs.
type gatherer struct {
	carry func([]*look) // does one round trip, and says what came of each

	// jobs has a queue for a traveller who waits for one. Travellers stay, as a
	// new goroutine would have to grow its stack first, which costs more than to
	// wait. There are as many as there were ever round trips at once.
	jobs   chan *queue
	closed chan struct{}
	end    func() // closes it

	mu      sync.Mutex
	queues  map[string]*queue // by node; none for a node that nobody asks
	waiting int               // in all of them
}

// queue is of the look-ups that one node answers.
type queue struct {
	node    string
	waiting []*look // in the order in which they came
	trips   int     // on their way
}

// look is one look-up. Who has left before it was done must not touch it.
type look struct {
	shard   int
	profile string
	known   int // names of the shard

	done   chan struct{} // closed once it is answered
	looked Looked
	more   int // the first name that may be missing in looked; 0 for none
	err    error
}

func newGatherer(carry func([]*look)) *gatherer {
	closed := make(chan struct{})
	return &gatherer{
		carry: carry, jobs: make(chan *queue), closed: closed, end: sync.OnceFunc(func() { close(closed) }), queues: map[string]*queue{},
	}
}

// close ends the travellers once they have no look-up on the way.
func (g *gatherer) close() { g.end() }

// ask has a node answer a look-up, and waits for it as long as ctx lasts.
func (g *gatherer) ask(ctx context.Context, node string, l *look) error {
	if err := g.join(node, l); err != nil {
		return err
	}
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		g.leave(node, l)
		return ctx.Err()
	}
}

func (g *gatherer) join(node string, l *look) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting >= maxWaiting {
		return fmt.Errorf("%d look-ups wait for redis, which is as many as may", g.waiting)
	}
	q := g.queues[node]
	if q == nil {
		q = &queue{node: node}
		g.queues[node] = q
	}
	q.waiting = append(q.waiting, l)
	g.waiting++
	if q.trips < tripsAtOnce {
		q.trips++
		select {
		case g.jobs <- q:
		default: // nobody waits for one
			go g.travel(q)
		}
	}
	return nil
}

// leave takes a look-up out that nobody waits for any more, if it has not set
// out yet.
func (g *gatherer) leave(node string, l *look) {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.queues[node]
	if q == nil {
		return
	}
	if at := slices.Index(q.waiting, l); at >= 0 {
		q.waiting = slices.Delete(q.waiting, at, at+1)
		g.waiting--
	}
}

// travel serves a queue, and then the next one that it is given.
func (g *gatherer) travel(q *queue) {
	for {
		g.serve(q)
		select {
		case q = <-g.jobs:
		case <-g.closed:
			return
		}
	}
}

// serve makes round trips until nobody waits.
func (g *gatherer) serve(q *queue) {
	for looks := g.take(q); len(looks) > 0; looks = g.take(q) {
		g.carry(looks)
		for _, l := range looks {
			close(l.done)
		}
	}
}

// take returns the look-ups that have waited longest, and gives the round trip
// back when there are none.
func (g *gatherer) take(q *queue) []*look {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(q.waiting) == 0 {
		if q.trips--; q.trips == 0 {
			delete(g.queues, q.node)
		}
		return nil
	}
	count := min(len(q.waiting), tripLooks)
	looks := slices.Clone(q.waiting[:count])
	q.waiting = slices.Delete(q.waiting, 0, count)
	g.waiting -= count
	return looks
}
