package stream

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"
)

// parcel is one event on its way to a partition, and who waits for it.
type parcel struct {
	outgoing
	wait *appending
}

// lane is the way of an Appender to one partition. It works while it has
// something to send, and rests without a goroutine.
type lane struct {
	appender *Appender
	at       topicPartition

	mu      sync.Mutex
	waiting []parcel
	running bool
}

// add puts parcels behind those that wait, and reports whether the lane has to
// be run.
func (l *lane) add(parcels []parcel) (start bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, parcels...)
	start = !l.running
	l.running = true
	return start
}

// forget drops what waits for somebody who has left.
func (l *lane) forget(wait *appending) {
	wait.leave()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(p parcel) bool { return p.wait == wait })
}

// run sends what waits until nothing does.
func (l *lane) run() {
	retry := backoff{first: produceFirstWait, most: produceMostWait}
	observer, ctx := l.appender.cluster.observer, l.appender.ctx
	settled := func() {
		if retry.attempt > 0 {
			observer.produceSettled(l.at)
		}
		retry.reset()
	}
	defer settled()
	for batch := l.take(); len(batch) > 0; batch = l.take() {
		rest, err := l.send(batch)
		if err == nil {
			settled()
			continue
		}
		l.putBack(rest)
		if errors.Is(err, kafka.UnknownTopicOrPartition) {
			l.appender.recount()
		}
		wait := retry.next()
		if ctx.Err() == nil {
			observer.produceError(l.at.topic, l.at.partition, l.appender.cluster.explain(err), wait)
		}
		if pause(ctx, wait) != nil {
			l.drop()
			return
		}
	}
}

// take returns what goes into one produce call. Without anything it has the
// lane rest.
func (l *lane) take() []parcel {
	l.mu.Lock()
	defer l.mu.Unlock()
	size, n := 0, 0
	for ; n < len(l.waiting); n++ {
		size += len(l.waiting[n].key) + len(l.waiting[n].value) + recordOverhead
		if n > 0 && (size > chunkBytes || n == chunkRecords) {
			break
		}
	}
	batch := slices.Clone(l.waiting[:n])
	if l.waiting = slices.Delete(l.waiting, 0, n); n == 0 {
		l.waiting, l.running = nil, false
	}
	return batch
}

// putBack has parcels wait again, before all others, unless nobody waits for
// them any more.
func (l *lane) putBack(batch []parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch = slices.DeleteFunc(batch, func(p parcel) bool { return p.wait.hasLeft() })
	l.waiting = append(batch, l.waiting...)
}

// drop forgets everything; whoever waits is told by Close.
func (l *lane) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting, l.running = nil, false
}

// send makes one attempt, and tells whoever waits for an event that it is on
// the topic or will never be. On any other error it returns the events of which
// neither is known.
func (l *lane) send(batch []parcel) (rest []parcel, err error) {
	records := make([]outgoing, len(batch))
	for i := range batch {
		records[i] = batch[i].outgoing
	}
	err = l.appender.cluster.produceOnce(l.appender.ctx, l.at, records)
	switch {
	case err == nil:
	case !isRefusal(err):
		return batch, err
	case len(batch) > 1:
		return l.sendHalves(batch)
	default:
		err = fmt.Errorf("topic %s refuses an event of %d bytes; raise its max.message.bytes: %w", l.at.topic, len(batch[0].value), err)
	}
	for i := range batch {
		batch[i].wait.settle(err)
	}
	return nil, nil
}

// sendHalves finds the events at fault in a batch that was refused.
func (l *lane) sendHalves(batch []parcel) (rest []parcel, err error) {
	half := len(batch) / 2
	if rest, err = l.send(batch[:half]); err != nil {
		return slices.Concat(rest, batch[half:]), err
	}
	return l.send(batch[half:])
}
