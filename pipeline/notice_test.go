package pipeline_test

import (
	"testing"

	"muster/pipeline"
	"muster/pipeline/memory"
	"muster/rules"
)

// TestOddRecordsAreCounted: what is odd about records and loses nothing is
// told with the batch, and has no dead letter.
func TestOddRecordsAreCounted(t *testing.T) {
	set := compile(t, []rules.Segment{rules.NewSegment("noon", `profile.first_seen == date("2026-11-05T12:00:00Z")`)})
	store := memory.New()
	const noon = 1793880000000
	records := []pipeline.Record{
		{Offset: 0, Key: []byte("u1"), Value: nil},
		{Offset: 1, Key: []byte("u1"), Value: []byte(`{"type":"page","userId":"u1","timestamp":"soon"}`), Time: noon},
		{Offset: 2, Key: []byte("u1"), Value: nil},
		{Offset: 3, Key: []byte("u2"), Value: []byte(`{"type":"alias","userId":"u2","previousId":"u1","timestamp":"2026-11-05 12:00"}`), Time: noon},
		{Offset: 4, Key: []byte("u3"), Value: []byte(`{"type":"identify","userId":"u3","anonymousId":"a","timestamp":0}`), Time: noon},
		{Offset: 5, Key: []byte("u4"), Value: []byte(`{"sentAt":"2026-11-05T10:00Z","batch":[null,{"type":"page","userId":"u4","originalTimestamp":"2026-11-05T09:00Z"}]}`),
			Time: noon + 3600_000},
		{Offset: 6, Key: []byte("u4"), Value: nil},
		{Offset: 7, Key: []byte("u5"), Value: []byte{}},
	}
	var sum pipeline.BatchStats
	dead := drive(t, store, set, records, 3, func(w *pipeline.Worker) {
		w.Observer.Committed = func(_ int, b pipeline.BatchStats) {
			sum.Events, sum.StoodIn, sum.Unjoined, sum.Tombstones = sum.Events+b.Events, sum.StoodIn+b.StoodIn, sum.Unjoined+b.Unjoined, sum.Tombstones+b.Tombstones
		}
	})
	if sum.Events != 4 || sum.StoodIn != 1 || sum.Unjoined != 2 || sum.Tombstones != 3 {
		t.Errorf("%d events, %d stood in, %d unjoined, %d tombstones; want 4, 1, 2 and 3", sum.Events, sum.StoodIn, sum.Unjoined, sum.Tombstones)
	}
	if len(dead.kept) != 1 || dead.kept[0].Reason != "record: empty" || dead.kept[0].Offset != 7 {
		t.Errorf("dead letters: %+v", dead.kept)
	}
	in := map[string]bool{}
	for _, c := range store.Outbox(0) {
		in[c.Profile] = c.Entered
	}
	if len(in) != 3 || !in["u1"] || !in["u2"] || !in["u4"] {
		t.Errorf("at noon were %v, want u1, u2 and u4", in)
	}
}
