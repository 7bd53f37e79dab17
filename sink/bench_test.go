package sink_test

import (
	"bytes"
	"fmt"
	"testing"

	"muster/pipeline"
	"muster/test/redis"
)

// BenchmarkCommit commits batches of 100 profiles of 1 KB, each with a timer
// and one change.
func BenchmarkCommit(b *testing.B) {
	const batch = 100
	cfg := config(redis.Start(b).Address)
	cfg.Buckets = 4096
	store := open(b, cfg)
	w := start(b, store, 0)
	blob := bytes.Repeat([]byte("x"), 1024)
	commits := int64(0)
	for b.Loop() {
		c := w.next()
		c.NewNames, c.Profiles, c.Changes = nil, nil, nil
		for i := range batch {
			id := fmt.Sprintf("profile-%d", (commits*batch+int64(i))%100_000)
			c.Profiles = append(c.Profiles, pipeline.Write{Profile: id, Blob: blob, Deadline: c.Next + int64(i), Timer: true})
			c.Changes = append(c.Changes, pipeline.Change{
				Segment: "vip", Profile: id, Entered: true, At: c.Next, Version: uint64(c.Next), Cause: pipeline.CauseEvent,
			})
		}
		if err := w.commit(b, c); err != nil {
			b.Fatal(err)
		}
		commits++
	}
	b.ReportMetric(float64(commits*batch)/b.Elapsed().Seconds(), "profiles/s")
	if err := w.open(b); err != nil || w.state.Next != commits || w.state.Outbox != commits*batch {
		b.Fatalf("next %d and outbox %d after %d commits, %v", w.state.Next, w.state.Outbox, commits, err)
	}
	if got := int64(len(w.state.Timers)); got != min(commits*batch, 100_000) {
		b.Fatalf("%d timers after %d commits", got, commits)
	}
}
