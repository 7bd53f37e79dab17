package metamorphic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"muster/event"
	"muster/pipeline"
	"muster/pipeline/memory"
)

// TestRecordsOvertakeTimers lets records overtake every timer but those of
// their own profile, as they do those of a long wave. The order between
// profiles is another then, and nothing else.
func TestRecordsOvertakeTimers(t *testing.T) {
	each(t, usual, func(t *testing.T, h *history) {
		h.groups = append(h.groups, end(h.end()+5*week))
		records := h.records()
		want := ordered(replay(t, h.set, records).changes)
		for _, size := range []int{1, 7, 500} {
			t.Run(fmt.Sprintf("%d at a time", size), func(t *testing.T) {
				store := memory.New()
				worker := newWorker(t, h.set, store, nil, 0)
				worker.Config.Wave, worker.Config.CacheBytes = 0, tinyCache
				drain(t, worker, records, size)
				mustEqual(t, ordered(store.Outbox(0)), want)
			})
		}
		t.Run("killed", func(t *testing.T) {
			r, store, deaths := rand.New(rand.NewPCG(1, 7)), memory.New(), 0
			for {
				killer := &killing{store.Share(), r.IntN(6), r.IntN(2) == 0}
				worker := newWorker(t, h.set, killer, nil, 0)
				worker.Config.Wave, worker.Config.Timers, worker.Config.CacheBytes = r.IntN(4), 1+r.IntN(4), tinyCache
				drain(t, worker, records, 1+r.IntN(9))
				if killer.after >= 0 {
					break
				}
				deaths++
			}
			if deaths < 20 {
				t.Errorf("killed only %d times", deaths)
			}
			mustEqual(t, ordered(store.Outbox(0)), want)
		})
	})
}

// end is a record that moves the clock to at.
func end(at int64) []event.Event {
	return []event.Event{{Type: event.Alias, Profile: "z", Time: at, Arrival: at}}
}

// drain runs a worker until it has committed all records and has served all
// timers that are due, or is killed.
func drain(t *testing.T, w *pipeline.Worker, records []pipeline.Record, size int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := records[len(records)-1].Offset
	w.Observer.Opened = func(_ int, s pipeline.State) {
		due := slices.ContainsFunc(s.Timers, func(timer pipeline.Timer) bool { return timer.At <= s.Clock })
		if s.Next > last && !due {
			cancel()
		}
	}
	var committed int64
	w.Hint = func(_ int, next int64) { committed = next }
	w.Observer.Committed = func(_ int, b pipeline.BatchStats) {
		if committed > last && b.Overdue == 0 {
			cancel()
		}
	}
	w.Open = func(_ context.Context, _ int, offset int64, _ pipeline.Anchor) (pipeline.Source, error) {
		return &tape{records: records, size: size, next: offset, waits: true}, nil
	}
	if err := w.Run(ctx, 0); err != nil && !errors.Is(err, errKilled) {
		t.Fatalf("running the worker: %v", err)
	}
}
