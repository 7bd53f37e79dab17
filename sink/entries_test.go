package sink_test

import (
	"fmt"
	"strings"
	"testing"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/sink"
	"muster/test/kit/redis"
)

// Entries are read as they were written, whatever the texts in them hold, and
// fields that are not known are passed over.
func TestEntriesAreReadAsWritten(t *testing.T) {
	server := redis.Start(t)
	store := open(t, config(server.Address))
	add := func(id string, values ...any) {
		t.Helper()
		if err := server.Client(t).XAdd(t.Context(), &client.XAddArgs{Stream: "m:{s3}:out", ID: id, Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	odd := "a\r\n$1\r\n\x00\xff" + strings.Repeat("é", 5000)
	add("7-1", "segment", "vip", "profile", odd, "kind", "entered", "at", -5, "version", uint64(1)<<62, "cause", "time", "offset", 7)
	add("7-2", "profile", "", "kind", "exited", "segment", "vip", "at", 6, "version", 2, "cause", "backfill", "run", "r1", "offset", 7, "new", "unknown")
	want := []sink.Entry{
		{ID: "7-1", Offset: 7, Change: pipeline.Change{Segment: "vip", Profile: odd, Entered: true, At: -5, Version: 1 << 62, Cause: "time"}},
		{ID: "7-2", Offset: 7, Change: pipeline.Change{Segment: "vip", At: 6, Version: 2, Cause: "backfill", Run: "r1"}},
	}
	got, err := store.Outbox(t.Context(), 3, "", 10)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if got, err := store.Outbox(t.Context(), 4, "", 10); err != nil || len(got) > 0 {
		t.Errorf("an empty outbox has %v, %v", got, err)
	}
	add("7-3", "segment", "vip", "profile", "p", "kind", "exited", "at", "soon")
	if _, err := store.Outbox(t.Context(), 3, "7-2", 10); err == nil || !strings.Contains(err.Error(), `"soon" in field at`) {
		t.Errorf("what is no number gives %v", err)
	}
	if err := server.Client(t).Set(t.Context(), "m:{s5}:out", "text", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Outbox(t.Context(), 5, "", 10); err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("what is no stream gives %v", err)
	}
}

// BenchmarkOutbox reads entries by the thousand, as whoever is behind does.
func BenchmarkOutbox(b *testing.B) {
	store := open(b, config(redis.Start(b).Address))
	state, err := store.Open(b.Context(), 3)
	if err != nil {
		b.Fatal(err)
	}
	const entries = 1000
	commit := pipeline.Commit{Epoch: state.Epoch, From: state.Next, Next: 7}
	for i := range entries {
		commit.Changes = append(commit.Changes, pipeline.Change{
			Profile: fmt.Sprintf("customer-%06d", i), Segment: fmt.Sprint("segment-", i%200), Entered: i%2 == 0,
			At: 1_700_000_000_000, Version: uint64(i + 1), Cause: pipeline.CauseEvent,
		})
	}
	if err := store.Commit(b.Context(), 3, &commit); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if got, err := store.Outbox(b.Context(), 3, "", entries); err != nil || len(got) != entries {
			b.Fatalf("%d entries, %v", len(got), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}
