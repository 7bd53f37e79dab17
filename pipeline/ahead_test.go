package pipeline_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"muster/pipeline"
	"muster/pipeline/memory"
)

// brook is a Source that has a record whenever it is asked, and notes when that
// is. Behind each of them so many wait, as far as it says.
type brook struct {
	waiting int64
	next    int64
	asked   []time.Duration
	began   time.Time
}

func (s *brook) Fetch(context.Context) (pipeline.Batch, error) {
	s.asked = append(s.asked, time.Since(s.began))
	if s.next == 4 {
		return pipeline.Batch{}, errEnd
	}
	s.next++
	return pipeline.Batch{
		Records: []pipeline.Record{bought(s.next-1, "a", s.began)}, Next: s.next, High: s.next + s.waiting,
	}, nil
}

func (s *brook) Close() error { return nil }

// unhurried is a Store that takes a second for a commit.
type unhurried struct{ *memory.Store }

func (u unhurried) Commit(ctx context.Context, shard int, c *pipeline.Commit) error {
	time.Sleep(time.Second)
	return u.Store.Commit(ctx, shard, c)
}

// TestReadsAheadOnlyWhereRecordsWait: at the end of the log a batch is asked
// for when the one before is committed, so that it has all that has come
// meanwhile; where records wait, the next one is asked for beside the commit.
func TestReadsAheadOnlyWhereRecordsWait(t *testing.T) {
	for name, c := range map[string]struct {
		waiting int64
		asked   [5]time.Duration
	}{
		"at the end":         {0, [5]time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}},
		"where records wait": {9, [5]time.Duration{0, 0, time.Second, 2 * time.Second, 3 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			set := weekly(t)
			synctest.Test(t, func(t *testing.T) {
				source := &brook{waiting: c.waiting, began: time.Now()}
				w := newWorker(unhurried{memory.New()}, set, nil, 0)
				w.Open = func(context.Context, int, int64, pipeline.Anchor) (pipeline.Source, error) { return source, nil }
				_ = w.Run(t.Context(), 0) // ends with the log
				if got := [5]time.Duration(source.asked); got != c.asked {
					t.Errorf("batches were asked for at %v, want %v", got, c.asked)
				}
			})
		})
	}
}
