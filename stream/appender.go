package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"muster/event"
)

// Appender puts events of many senders on one topic, the keyed topic or a
// source topic, each on its profile's partition. It is safe for concurrent use.
//
// The events of all calls of Append that wait for a partition go together in
// one produce call, and one such call is under way for a partition at a time.
// So calls are large under load and small without, nothing lingers, and the
// events of a profile stay in the order in which they were given.
//
// What waits belongs to calls of Append that have not returned, so who bounds
// those bounds it. Beside it there is at most one produce call for each
// partition, 900 KB or one event.
//
// The trap: an Append that has failed may have put all, some or none of its
// events on the topic, and may still do so. Who gives them again puts some
// there twice; their messageId tells.
type Appender struct {
	cluster *Cluster
	topic   string
	shards  int // of the keyed topic; 0 for a source topic, which is asked

	ctx   context.Context // of everything under way, until Close
	close context.CancelFunc
	work  sync.WaitGroup

	waiting atomic.Int64 // events of calls of Append that wait

	mu          sync.Mutex
	known       bool // whether the partitions are counted
	partitioner *Partitioner
	lanes       []*lane // by partition
	closed      bool
}

// errAppenderClosed is what Append says after Close.
var errAppenderClosed = errors.New("the appender is closed")

// Appender returns the appender to a topic, which is the keyed topic with so
// many shards, or a source topic of any number of partitions. The partitions of
// a source topic are those that it had at first, so that a profile stays on its
// own, until it is found to have fewer. Close the Appender before the Cluster.
func (c *Cluster) Appender(topic string, shards int) (*Appender, error) {
	a := &Appender{cluster: c, topic: topic}
	switch {
	case topic == c.cfg.Keyed && shards < 1:
		return nil, fmt.Errorf("making an appender to topic %s: %d shards are impossible", topic, shards)
	case topic == c.cfg.Keyed:
		a.shards = shards
	case !slices.Contains(c.cfg.Sources, topic): // whose events nobody would route
		return nil, fmt.Errorf("making an appender to topic %s: it is neither the keyed topic nor one of the sources", topic)
	}
	a.ctx, a.close = context.WithCancel(context.Background())
	return a, nil
}

// Close gives up what is under way and returns when that has ended.
func (a *Appender) Close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.close()
	a.work.Wait()
}

// Waiting returns how many events calls of Append wait for.
func (a *Appender) Waiting() int { return int(a.waiting.Load()) }

// Append returns nil when every event is on the topic and acknowledged by every
// replica in sync. It goes on through lost connections and moved leaders until
// ctx ends; then it returns an error, and what still waits is not sent. An
// event without a profile, which whoever reads the topic will refuse, goes to
// the partition that its bytes choose. Nothing of the events may change until
// the Appender is closed.
func (a *Appender) Append(ctx context.Context, events []event.Routed) error {
	if err := a.append(ctx, events); err != nil {
		return fmt.Errorf("appending %d events to topic %s: %w", len(events), a.topic, err)
	}
	return nil
}

func (a *Appender) append(ctx context.Context, events []event.Routed) error {
	lanes, partitioner, err := a.open(ctx)
	if err != nil || len(events) == 0 {
		return err
	}
	wait := &appending{left: len(events), done: make(chan struct{})}
	parts := parcels(events, partitioner, wait)
	defer func() {
		for to := range parts {
			lanes[to].forget(wait)
		}
	}()
	for to, parcels := range parts {
		if err := a.enqueue(lanes[to], parcels); err != nil {
			return err
		}
	}
	a.waiting.Add(int64(len(events)))
	defer a.waiting.Add(int64(-len(events)))
	select {
	case <-wait.done:
		return wait.err
	case <-ctx.Done():
		return ctx.Err()
	case <-a.ctx.Done():
		return errAppenderClosed
	}
}

// parcels returns the events of each partition, in their order.
func parcels(events []event.Routed, partitioner *Partitioner, wait *appending) map[int][]parcel {
	parts := map[int][]parcel{}
	for i := range events {
		p := parcel{outgoing{value: events[i].Value}, wait}
		chosen := events[i].Profile
		if chosen == "" {
			chosen = string(p.value)
		} else {
			p.key = []byte(chosen)
		}
		to := partitioner.Partition(chosen)
		parts[to] = append(parts[to], p)
	}
	return parts
}

// open returns the lanes, and finds out how many there are at first and when
// the topic may be another one. It goes on until ctx ends.
func (a *Appender) open(ctx context.Context) ([]*lane, *Partitioner, error) {
	retry := backoff{first: produceFirstWait, most: produceMostWait}
	for {
		a.mu.Lock()
		lanes, partitioner, known := a.lanes, a.partitioner, a.known
		a.mu.Unlock()
		if known {
			return lanes, partitioner, nil
		}
		err := a.count(ctx)
		if err == nil {
			continue
		}
		if pause(ctx, retry.next()) != nil {
			return nil, nil, fmt.Errorf("counting its partitions: %w", err)
		}
	}
}

// count finds out how many partitions there are, and makes other lanes where
// there are fewer than before. Of more the first go on being used, so that no
// profile moves.
func (a *Appender) count(ctx context.Context) error {
	count := a.shards
	if count == 0 {
		partitions, err := a.cluster.partitions(ctx, a.topic)
		if err != nil {
			return a.cluster.explain(err)
		}
		count = len(partitions)
	}
	partitioner, err := NewPartitioner(a.cluster.cfg.Partitioner, count)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = true
	if len(a.lanes) > 0 && len(a.lanes) <= count {
		return nil
	}
	a.partitioner, a.lanes = partitioner, make([]*lane, count)
	for i := range a.lanes {
		a.lanes[i] = &lane{appender: a, at: topicPartition{a.topic, i}}
	}
	return nil
}

// recount has the partitions of a source topic counted again, as it may have
// been made anew with fewer.
func (a *Appender) recount() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = a.shards > 0
}

// enqueue hands parcels to a lane, and starts it if it rests.
func (a *Appender) enqueue(l *lane, parcels []parcel) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return errAppenderClosed
	}
	if l.add(parcels) {
		a.work.Go(l.run)
	}
	return nil
}

// appending is one call of Append.
type appending struct {
	mu   sync.Mutex
	left int // events that are not settled
	err  error
	gone bool // nobody waits any more
	done chan struct{}
}

// settle takes one event off, with what was wrong with it.
func (w *appending) settle(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	if w.left--; w.left == 0 {
		close(w.done)
	}
}

// leave says that nobody waits any more.
func (w *appending) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
}

func (w *appending) hasLeft() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.gone
}
