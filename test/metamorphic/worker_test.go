package metamorphic

import (
	"context"
	"errors"
	"testing"

	"muster/pipeline"
	"muster/rules"
)

// errEnd ends a worker that has read the whole log.
var errEnd = errors.New("end of the log")

// tape is a Source over a log, so many records at a time. Behind the last it
// ends, or waits for more as a broker does.
type tape struct {
	records []pipeline.Record
	size    int
	next    int64
	waits   bool
}

// Fetch implements pipeline.Source.
func (s *tape) Fetch(ctx context.Context) (pipeline.Batch, error) {
	from := 0
	for from < len(s.records) && s.records[from].Offset < s.next {
		from++
	}
	if from == len(s.records) {
		if s.waits {
			<-ctx.Done()
		}
		return pipeline.Batch{}, errEnd
	}
	batch := s.records[from:min(from+s.size, len(s.records))]
	s.next = batch[len(batch)-1].Offset + 1
	return pipeline.Batch{Records: batch, Next: s.next, High: s.records[len(s.records)-1].Offset + 1}, nil
}

// Close implements pipeline.Source.
func (s *tape) Close() error { return nil }

// noLetters refuses dead letters: what is generated can always be applied.
type noLetters struct{ t *testing.T }

func (n noLetters) Write(_ context.Context, letters []pipeline.DeadLetter) error {
	n.t.Errorf("a dead letter: %s", letters[0].Reason)
	return nil
}

// newWorker returns a worker of a topic of one partition on which arrival
// times are believed. Tests change what they need otherwise.
func newWorker(t *testing.T, set *rules.Set, store pipeline.Store, records []pipeline.Record, size int) *pipeline.Worker {
	return &pipeline.Worker{
		Config: pipeline.Default(), Rules: pipeline.NewLive(set), Store: store, Dead: noLetters{t}, Topic: "events",
		Owner: func(string) int { return 0 },
		Wall:  func() int64 { return 0 },
		Open: func(_ context.Context, _ int, offset int64, _ pipeline.Anchor) (pipeline.Source, error) {
			return &tape{records: records, size: size, next: offset}, nil
		},
	}
}

// drive runs a worker until it has committed all it can read.
func drive(t *testing.T, w *pipeline.Worker) {
	t.Helper()
	if err := w.Run(t.Context(), 0); !errors.Is(err, errEnd) {
		t.Fatalf("running the worker: %v", err)
	}
}
