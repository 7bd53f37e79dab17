package stream

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"muster/event"
	"muster/pipeline"
)

// parallelProduces is how many keyed partitions one source partition
// produces to at a time.
const parallelProduces = 4

// load is what some records of one source partition become: records for
// each keyed partition, in order, and dead letters.
type load struct {
	from        topicPartition
	log         string // ends what tells records apart: offsets begin anew in a topic that is made anew
	partitioner *Partitioner
	parts       [][]outgoing // by keyed partition
	origins     [][]origin   // of each record of parts
	letters     []pipeline.DeadLetter
	events      int
	tombstones  int // records without a value

	routed   []event.Routed
	rejected []event.Rejection
}

// origin is the source record that a routed one came from.
type origin struct {
	offset int64
	key    []byte
}

func newLoad(from topicPartition, p *Partitioner) *load {
	return &load{from: from, partitioner: p, parts: make([][]outgoing, p.Shards()), origins: make([][]origin, p.Shards())}
}

func (l *load) reset() {
	for i := range l.parts {
		clear(l.parts[i])
		l.parts[i], l.origins[i] = l.parts[i][:0], l.origins[i][:0]
	}
	clear(l.letters)
	l.letters, l.events, l.tombstones = l.letters[:0], 0, 0
}

// of says which topic of the name the records to come are of, "" where the
// brokers don't tell.
func (l *load) of(id string) {
	if l.log = ""; id != "" {
		l.log = "/" + id
	}
}

func (l *load) add(splitter Splitter, rec *pipeline.Record) {
	if rec.Value == nil {
		l.tombstones++ // a compacted topic says so that a key is no more; no event goes away by it
		return
	}
	where := l.from.topic + "/" + strconv.Itoa(l.from.partition) + "/" + strconv.FormatInt(rec.Offset, 10) + l.log
	l.routed, l.rejected = splitter.Split(l.routed[:0], l.rejected[:0], rec.Value, where)
	for i := range l.routed {
		routed := &l.routed[i]
		to := l.partitioner.Partition(routed.Profile)
		l.parts[to] = append(l.parts[to], outgoing{key: []byte(routed.Profile), value: routed.Value, time: rec.Time})
		l.origins[to] = append(l.origins[to], origin{rec.Offset, rec.Key})
	}
	l.events += len(l.routed)
	for i := range l.rejected {
		l.reject(rec, l.rejected[i].Reason, l.rejected[i].Value)
	}
}

func (l *load) reject(rec *pipeline.Record, reason string, value []byte) {
	l.letters = append(l.letters, l.letter(origin{rec.Offset, rec.Key}, reason, value))
}

func (l *load) letter(o origin, reason string, value []byte) pipeline.DeadLetter {
	return pipeline.DeadLetter{
		Reason: reason, Topic: l.from.topic, Partition: l.from.partition,
		Offset: o.offset, Key: o.key, Value: value,
	}
}

// produce puts the load on the keyed topic and returns letters for what the
// topic refused.
func (l *load) produce(ctx context.Context, c *Cluster) ([]pipeline.DeadLetter, error) {
	var mu sync.Mutex
	var letters []pipeline.DeadLetter
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelProduces)
	for to := range l.parts {
		if len(l.parts[to]) == 0 {
			continue
		}
		group.Go(func() error {
			refused, err := c.produce(ctx, topicPartition{c.cfg.Keyed, to}, l.parts[to])
			mu.Lock()
			defer mu.Unlock()
			for _, r := range refused {
				reason := fmt.Sprintf("topic %s refused the event: %v", c.cfg.Keyed, r.err)
				letters = append(letters, l.letter(l.origins[to][r.index], reason, l.parts[to][r.index].value))
			}
			return err
		})
	}
	err := group.Wait()
	return letters, err
}
