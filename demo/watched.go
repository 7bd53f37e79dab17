package demo

import (
	"context"
	"slices"
	"time"

	"muster/pipeline"
)

// Watch lets the tally see what a worker reads and commits.
func (t *Tally) Watch(w *pipeline.Worker) {
	open, hint := w.Open, w.Hint
	w.Open = func(ctx context.Context, partition int, offset int64, anchor pipeline.Anchor) (pipeline.Source, error) {
		source, err := open(ctx, partition, offset, anchor)
		t.forget(partition)
		return &watchedSource{source, t, partition}, err
	}
	w.Hint = func(partition int, next int64) {
		t.committed(partition, next)
		hint(partition, next)
	}
	w.Store = &watchedStore{w.Store.(scanned), t}
}

// watchedSource notes when what was fetched was produced.
type watchedSource struct {
	pipeline.Source
	tally     *Tally
	partition int
}

// Fetch is pipeline.Source's.
func (s *watchedSource) Fetch(ctx context.Context) (pipeline.Batch, error) {
	batch, err := s.Source.Fetch(ctx)
	if len(batch.Records) > 0 {
		s.tally.fetched(s.partition, fetched{batch.Next, time.UnixMilli(batch.Records[0].Time)})
	}
	return batch, err
}

// scanned is a store whose shards can be swept, which the service's is.
type scanned interface {
	pipeline.Store
	pipeline.Scanner
}

// watchedStore notes the changes that were committed.
type watchedStore struct {
	scanned
	tally *Tally
}

// Commit is pipeline.Store's.
func (s *watchedStore) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	s.tally.evaluated(c.Changes, time.Now())
	if err := s.scanned.Commit(ctx, shard, c); err != nil {
		return err
	}
	s.tally.update(func(counts *Counts) {
		counts.Changes += len(c.Changes)
		for _, change := range c.Changes {
			if change.Entered {
				counts.Entered[change.Segment]++
			} else {
				counts.Left[change.Segment]++
			}
		}
	})
	return nil
}

func (t *Tally) forget(partition int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.pending, partition)
}

func (t *Tally) fetched(partition int, f fetched) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending[partition] = append(t.pending[partition], f)
}

func (t *Tally) committed(partition int, next int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next[partition] = next
	waiting := t.pending[partition]
	for len(waiting) > 0 && waiting[0].next <= next {
		t.waits.add(time.Since(waiting[0].oldest))
		waiting = waiting[1:]
	}
	t.pending[partition] = slices.Clone(waiting)
}

// maxLatencies bounds the latencies kept between two looks at them.
const maxLatencies = 10_000

// latencies are those since they were last looked at.
type latencies []time.Duration

func (l *latencies) add(d time.Duration) {
	if len(*l) < maxLatencies {
		*l = append(*l, d)
	}
}

// take returns the median and the 99th percentile and forgets all, zeros when
// there were none.
func (l *latencies) take() (median, high time.Duration) {
	if len(*l) == 0 {
		return 0, 0
	}
	slices.Sort(*l)
	median, high = (*l)[len(*l)/2], (*l)[len(*l)*99/100]
	*l = (*l)[:0]
	return median, high
}

// Delays are how long things took since the last look at them, zeros where
// nothing came.
type Delays struct {
	Median, High time.Duration // from producing the oldest record of a batch to committing it; High is the 99th percentile
	Delivered    time.Duration // from evaluating a change to receiving it, 99th percentile
}

// Delays returns the delays since it was last called.
func (t *Tally) Delays() (d Delays) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d.Median, d.High = t.waits.take()
	_, d.Delivered = t.sent.waits.take()
	return d
}
