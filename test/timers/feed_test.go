package timers

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/latency"
)

// batchRecords is how many records a Fetch brings.
var batchRecords = stream.Default().BatchRecords

// stretch is a part of the traffic.
type stretch struct {
	records int
	rate    float64 // records a second; 0 for as fast as they are taken
	value   func(i int) []byte
}

// feed is a Source that plays stretches and tells when their records were
// committed. A record of a stretch with a rate is due at its time, whether
// the worker is ready for it or not.
type feed struct {
	stretches chan stretch

	// Of Fetch.
	next    int64
	playing stretch
	began   time.Time
	sent    int

	meter latency.Meter

	mu   sync.Mutex
	left int // records to commit
	done chan struct{}
}

func newFeed() *feed { return &feed{stretches: make(chan stretch)} }

// play returns how long it took until a stretch was committed, and how long
// each of its records waited from being due to being committed, ascending.
func (f *feed) play(s stretch) (time.Duration, []time.Duration) {
	f.mu.Lock()
	f.left, f.done = s.records, make(chan struct{})
	f.mu.Unlock()
	began := time.Now()
	f.stretches <- s
	<-f.done
	took := time.Since(began)
	_, latencies := f.meter.Take()
	slices.Sort(latencies)
	return took, latencies
}

// Fetch implements pipeline.Source.
func (f *feed) Fetch(ctx context.Context) (pipeline.Batch, error) {
	if f.sent == f.playing.records {
		select {
		case f.playing = <-f.stretches:
			f.began, f.sent = time.Now(), 0
		case <-ctx.Done():
			return pipeline.Batch{}, ctx.Err()
		}
	}
	waiting := f.playing.records - f.sent
	if rate := f.playing.rate; rate > 0 {
		if wait := time.Until(f.dueAt(f.sent)); wait > 0 {
			time.Sleep(wait)
		}
		waiting = min(waiting, max(1, int(time.Since(f.began).Seconds()*rate)-f.sent+1))
	}
	n := min(batchRecords, waiting)
	batch := pipeline.Batch{Records: make([]pipeline.Record, n)}
	for i := range batch.Records {
		batch.Records[i] = pipeline.Record{Offset: f.next, Value: f.playing.value(f.sent)}
		f.meter.Due(f.dueAt(f.sent))
		f.next++
		f.sent++
	}
	batch.Next, batch.High = f.next, f.next+int64(waiting-n)
	return batch, nil
}

func (f *feed) dueAt(i int) time.Time {
	if f.playing.rate == 0 {
		return time.Now()
	}
	return f.began.Add(time.Duration(float64(i) / f.playing.rate * float64(time.Second)))
}

// Close implements pipeline.Source.
func (f *feed) Close() error { return nil }

// committed notes that the next n records are stored.
func (f *feed) committed(n int) {
	f.meter.Committed(n)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left -= n; n > 0 && f.left == 0 {
		close(f.done)
	}
}

// shuffled is a random order of n things, the same every time.
func shuffled(n int) []int { return rand.New(rand.NewPCG(1, 1)).Perm(n) }
