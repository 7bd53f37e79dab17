package demo

import (
	"context"
	"maps"
	"sync"
	"time"

	"muster/pipeline"
	"muster/stream"
)

// Tally counts what happens to the traffic, by watching the service from
// outside. It is safe for concurrent use.
type Tally struct {
	mu      sync.Mutex
	counts  Counts
	pending map[int][]fetched // by partition: batches read and not yet committed
	next    map[int]int64     // by partition: offset behind the last commit
	waits   latencies
	sent    deliveries
	changed chan struct{} // closed at the next change
}

// Counts is what a Tally has seen so far.
type Counts struct {
	Produced  int       // records of the shop
	Routed    int       // records of the shop that were routed
	Committed int       // events committed, repeats included
	Dead      int       // records that can't be used
	Changes   int       // of memberships
	Sent      int       // of them, those that the receiver has taken
	Retried   int       // messages that came to the receiver again
	Now       time.Time // simulated, of the last record produced
	Entered   map[string]int
	Left      map[string]int
	Edit      Edit
	sweeps    map[int]pipeline.Sweep // by shard
}

// fetched is a batch on its way from Kafka to Redis.
type fetched struct {
	next   int64     // offset behind it
	oldest time.Time // when its oldest record was produced
}

// NewTally returns a Tally that has seen nothing.
func NewTally() *Tally {
	return &Tally{
		counts:  Counts{Entered: map[string]int{}, Left: map[string]int{}, Now: opening, sweeps: map[int]pipeline.Sweep{}},
		pending: map[int][]fetched{}, next: map[int]int64{}, sent: newDeliveries(), changed: make(chan struct{}),
	}
}

// update changes the counts and wakes whoever waits.
func (t *Tally) update(f func(*Counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.counts)
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *Tally) produced(n int, now time.Time) {
	t.update(func(c *Counts) { c.Produced, c.Now = c.Produced+n, now })
}

// AwaitRoom waits until fewer than limit records are produced and not yet
// done with, and fewer than unsent changes committed and not yet sent, 0 for
// any number. It reports false when ctx ends before.
func (t *Tally) AwaitRoom(ctx context.Context, limit, unsent int) bool {
	return t.await(ctx, func(c *Counts) bool {
		return c.Produced-c.Committed-c.Dead < limit && (unsent == 0 || c.Changes-c.Sent < unsent)
	})
}

func (t *Tally) await(ctx context.Context, done func(*Counts) bool) bool {
	for {
		t.mu.Lock()
		ok, changed := done(&t.counts), t.changed
		t.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// Stream returns the observer with counting added.
func (t *Tally) Stream(o *stream.Observer) *stream.Observer {
	counting := *o
	counting.Routed = func(topic string, partition, records, events int) {
		t.update(func(c *Counts) { c.Routed += records })
		o.Routed(topic, partition, records, events)
	}
	counting.DeadLettered = func(topic string, letters int) {
		t.update(func(c *Counts) { c.Dead += letters })
		o.DeadLettered(topic, letters)
	}
	return &counting
}

// Pipeline returns the observer with counting added.
func (t *Tally) Pipeline(o pipeline.Observer) pipeline.Observer {
	counting := o
	counting.Committed = func(shard int, b pipeline.BatchStats) {
		t.update(func(c *Counts) { c.Committed += b.Events + b.Repeats })
		o.Committed(shard, b)
	}
	counting.Swept = func(shard int, w pipeline.Sweep) {
		t.update(func(c *Counts) { c.sweeps[shard] = w })
		o.Swept(shard, w)
	}
	return counting
}

// Counts returns a copy of the counts.
func (t *Tally) Counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts
	c.Entered, c.Left, c.sweeps = maps.Clone(c.Entered), maps.Clone(c.Left), maps.Clone(c.sweeps)
	return c
}
