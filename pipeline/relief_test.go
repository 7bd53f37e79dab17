package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
)

// TestWorkerTellsWhenProfilesGiveUpDetail counts the events at which a
// profile passed its bound on state, and goes on.
func TestWorkerTellsWhenProfilesGiveUpDetail(t *testing.T) {
	set := compile(t, []rules.Segment{rules.NewSegment("s", `count(uniq(map(events("A", "365d"), .text))) > 5`)})
	var records []pipeline.Record
	for i := range 20 {
		records = append(records, pipeline.Record{Offset: int64(i), Value: fmt.Appendf(nil,
			`{"type":"track","userId":"u","event":"A","properties":{"text":"%d%s"},"timestamp":"2026-11-01T00:00:%02dZ"}`, i, strings.Repeat("x", 1000), i)})
	}
	store, relieved := memory.New(), 0
	drive(t, store, set, records, 3, func(w *pipeline.Worker) {
		w.Config.Profiles.StateBytes = 10_000
		w.Observer.Committed = func(_ int, b pipeline.BatchStats) { relieved += b.Relieved }
	})
	if relieved == 0 || relieved > 10 {
		t.Errorf("detail was given up %d times", relieved)
	}
}
