package metamorphic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"muster/directive"
	"muster/pipeline"
	"muster/pipeline/memory"
)

// erasing puts requests to erase between the records of a history, some of
// them twice in a row, as a producer may that has lost an answer.
func erasing(t *testing.T, r *rand.Rand, h *history) (records []pipeline.Record, requests int) {
	t.Helper()
	for _, record := range h.records() {
		record.Offset = int64(len(records))
		records = append(records, record)
		if r.IntN(8) > 0 {
			continue
		}
		d := directive.Directive{
			Kind: directive.Erase, Run: fmt.Sprint("request-", requests), Profile: h.profiles()[r.IntN(len(h.profiles()))],
			Until: record.Time + []time.Duration{0, time.Hour, 48 * time.Hour}[r.IntN(3)].Milliseconds(),
		}
		value, err := directive.Append(nil, &d)
		if err != nil {
			t.Fatal(err)
		}
		requests++
		for range 1 + r.IntN(2) {
			records = append(records, pipeline.Record{Offset: int64(len(records)), Time: record.Time, Value: value, Own: true})
		}
	}
	return records, requests
}

// profiles lists the profiles of a history.
func (h *history) profiles() []string {
	var ids []string
	for _, group := range h.groups {
		for i := range group {
			ids = append(ids, group[i].Profile)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Erasures are carried out once, wherever a worker dies around a commit: what
// it leaves is what an undisturbed one does, and the outbox is the same.
func TestKilledAroundErasures(t *testing.T) {
	each(t, usual, func(t *testing.T, h *history) {
		r := rand.New(rand.NewPCG(1, 17))
		records, requests := erasing(t, r, h)
		if requests < 5 {
			t.Fatalf("%d requests are too few", requests)
		}
		calm := memory.New()
		drive(t, newWorker(t, h.set, calm.Share(), records, len(records)))
		store := memory.New()
		for {
			killer := &killing{store.Share(), r.IntN(6), r.IntN(2) == 1}
			worker := newWorker(t, h.set, killer, records, 1+r.IntN(9))
			worker.Config.CacheBytes, worker.Config.Timers = tinyCache, 1+r.IntN(4)
			err := worker.Run(t.Context(), 0)
			if !errors.Is(err, errEnd) && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if killer.after >= 0 {
				break
			}
		}
		mustEqual(t, store.Outbox(0), calm.Outbox(0))
		exits := slices.ContainsFunc(store.Outbox(0), func(c pipeline.Change) bool { return c.Cause == pipeline.CauseErased })
		if !exits {
			t.Error("nobody has left a segment by being erased")
		}
	})
}
