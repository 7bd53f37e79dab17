package skew

import (
	"context"
	"fmt"
	"time"

	"muster/pipeline"
	"muster/stream"
)

// batch is how many records a Fetch brings.
var batch = stream.Default().BatchRecords

const (
	profiles   = 20_000 // that events come from
	hotProfile = "hot"  // that of a skewed load most events come from
)

// source is a Source that brings batches when it is told to, and tells when
// they are committed.
type source struct {
	batches chan [][]byte
	landed  chan int // records
	made    int      // records
	next    int64
}

func newSource() *source {
	return &source{batches: make(chan [][]byte), landed: make(chan int, 1)}
}

// play returns when so many batches are committed, in which so many percent
// of the events are the hot profile's. Making the records is part of what it
// costs, for any load.
func (s *source) play(hot, batches int) {
	go func() {
		for range batches {
			values := make([][]byte, batch)
			for i := range values {
				values[i] = s.record(hot)
			}
			s.batches <- values
		}
	}()
	for left := batches * batch; left > 0; {
		left -= <-s.landed
	}
}

// began is the arrival time of the first event.
var began = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// record makes the next event. One comes every 20 ms of stream time, so that
// a hot profile has far more in an hour than is kept one by one.
func (s *source) record(hot int) []byte {
	i := s.made
	s.made++
	user := hotProfile
	if 37*i%100 >= hot {
		user = fmt.Sprintf("u%d", 7919*i%profiles)
	}
	name := "Viewed"
	if i%3 == 0 {
		name = "Bought"
	}
	at := began.Add(time.Duration(i) * 20 * time.Millisecond)
	return fmt.Appendf(nil, `{"type":"track","event":%q,"userId":%q,"messageId":"m%d","receivedAt":%q,"properties":{"revenue":%d,"sku":"s%d"}}`,
		name, user, i, at.Format("2006-01-02T15:04:05.000Z07:00"), i%50, i%101)
}

// Fetch implements pipeline.Source.
func (s *source) Fetch(ctx context.Context) (pipeline.Batch, error) {
	var values [][]byte
	select {
	case values = <-s.batches:
	case <-ctx.Done():
		return pipeline.Batch{}, ctx.Err()
	}
	b := pipeline.Batch{Records: make([]pipeline.Record, len(values))}
	for i, value := range values {
		b.Records[i] = pipeline.Record{Offset: s.next, Value: value}
		s.next++
	}
	b.Next, b.High = s.next, s.next
	return b, nil
}

// Close implements pipeline.Source.
func (s *source) Close() error { return nil }

// committed notes that records are stored.
func (s *source) committed(records int) { s.landed <- records }
