package sink

import (
	"context"
	"errors"
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
//
// A round trip is made by one of those who ask, and not by a goroutine of the
// gatherer's: to wake another one and to be woken by it costs CPU that the
// round trip does not. When it ends, the next is handed to the one that has
// waited longest.
type gatherer struct {
	carry func([]*look) // does one round trip, and says what came of each

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
	known   int  // names of the shard; NoNames for none to be read
	base    bool // whether its traits are not read

	done   chan struct{} // closed once it is answered, or carries others
	carry  []*look       // those that it has to make a round trip for, itself the first; nil for none
	looked Looked
	more   int // the first name that may be missing in looked; 0 for none
	err    error
}

func newGatherer(carry func([]*look)) *gatherer {
	return &gatherer{carry: carry, queues: map[string]*queue{}}
}

// ask has a node answer a look-up, and waits for it as long as ctx lasts. Who
// makes a round trip for others does so to its end, whatever becomes of ctx: the
// timeouts of connections bound it.
func (g *gatherer) ask(ctx context.Context, node string, l *look) error {
	q, free, err := g.join(node, l)
	switch {
	case err != nil:
		return err
	case free:
		g.travel(q, []*look{l})
		return l.err
	}
	select {
	case <-l.done:
	case <-ctx.Done():
		if !g.leave(q, l) {
			return ctx.Err()
		}
	}
	if l.carry != nil {
		g.travel(q, l.carry)
	}
	return l.err
}

// join has a look-up wait, or gives it a round trip where one is free.
func (g *gatherer) join(node string, l *look) (q *queue, free bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting >= maxWaiting {
		return nil, false, fmt.Errorf("%d look-ups wait for redis, which is as many as may", g.waiting)
	}
	if q = g.queues[node]; q == nil {
		q = &queue{node: node}
		g.queues[node] = q
	}
	if q.trips < tripsAtOnce { // so nobody waits
		q.trips++
		return q, true, nil
	}
	q.waiting = append(q.waiting, l)
	g.waiting++
	return q, false, nil
}

// leave takes a look-up out that nobody waits for any more, if it has not set
// out yet. It reports whether the look-up must stay, as others have been given
// to it to carry.
func (g *gatherer) leave(q *queue, l *look) (stays bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at := slices.Index(q.waiting, l); at >= 0 {
		q.waiting = slices.Delete(q.waiting, at, at+1)
		g.waiting--
	}
	return l.carry != nil
}

// errUnanswered is what look-ups are told whose round trip has panicked.
var errUnanswered = errors.New("the round trip to redis was given up")

// travel makes a round trip for look-ups, of which the first is that of who
// calls it, and hands the next one on.
func (g *gatherer) travel(q *queue, looks []*look) {
	ended := false
	defer func() {
		g.pass(q)
		for _, l := range looks[1:] {
			if !ended {
				l.err = errUnanswered
			}
			close(l.done)
		}
	}()
	g.carry(looks)
	ended = true
}

// pass hands a round trip that has ended to those that have waited longest, and
// gives it back when there are none.
func (g *gatherer) pass(q *queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(q.waiting) == 0 {
		if q.trips--; q.trips == 0 {
			delete(g.queues, q.node)
		}
		return
	}
	count := min(len(q.waiting), tripLooks)
	looks := slices.Clone(q.waiting[:count])
	q.waiting = slices.Delete(q.waiting, 0, count)
	g.waiting -= count
	looks[0].carry = looks
	close(looks[0].done)
}
