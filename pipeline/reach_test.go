package pipeline_test

import (
	"fmt"
	"testing"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
)

// TestReach: a day counts for a segment when the profile was a member after
// something it did that day, however it became one.
func TestReach(t *testing.T) {
	set := compile(t, []rules.Segment{
		rules.NewSegment("visitor", `count(events("Visited")) > 0`),
		rules.NewSegment("keen", `count(events("Visited", "1d")) > 1`),
		rules.NewSegment("quiet", `last(events("Visited")).event_time <= ago("1h")`),
		rules.NewSegment("old", `last(events("Visited")).event_time <= ago("5h")`),
	})
	var records []pipeline.Record
	for i, e := range []struct{ name, at string }{
		{"Visited", "2026-11-01T08:00:00Z"}, // visitor
		{"Pinged", "2026-11-01T10:00:00Z"},  // quiet by time, since 09:00
		{"Pinged", "2026-11-01T11:00:00Z"},
		{"Visited", "2026-11-01T12:00:00Z"}, // keen
		{"Pinged", "2026-11-03T12:00:00Z"},  // old by time, since the day before yesterday
	} {
		records = append(records, pipeline.Record{Offset: int64(i), Value: fmt.Appendf(nil,
			`{"type":"track","userId":"u","event":%q,"timestamp":%q,"receivedAt":%q}`, e.name, e.at, e.at)})
	}
	store := memory.New()
	drive(t, store, set, records, 1, nil)
	const first = 20758 // 2026-11-01
	for segment, want := range map[string][3]int64{
		"visitor": {1, 0, 1}, "keen": {1, 0, 0}, "quiet": {1, 0, 1}, "old": {0, 0, 1},
	} {
		for i, n := range want {
			if got := store.Reach(segment, first+int64(i)); got != n {
				t.Errorf("%s on day %d: %d, want %d", segment, i, got, n)
			}
		}
	}
}
