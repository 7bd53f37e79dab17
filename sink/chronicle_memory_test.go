package sink_test

import (
	"fmt"
	"testing"
	"time"

	"muster/pipeline"
	"muster/test/kit/redis"
)

// BenchmarkChronicleMemory reports what a change takes in the memory of Redis,
// with ids and segments as they come when the whole way is measured, a shard's
// day of 100,000 changes.
func BenchmarkChronicleMemory(b *testing.B) {
	const changes = 100_000
	for b.Loop() {
		b.StopTimer()
		server := redis.Start(b)
		cfg := config(server.Address)
		cfg.ChronicleKeep = 240 * time.Hour
		w := start(b, open(b, cfg), 0)
		at := today() * 86_400_000
		b.StartTimer()
		for i := 0; i < changes; i += batchChanges {
			c := w.next()
			c.Clock, c.Changes, c.Profiles, c.NewNames, c.Catalog = at, nil, nil, nil, nil
			for j := range batchChanges {
				n := (i*7919 + j*104729) % benchProfiles
				c.Changes = append(c.Changes, pipeline.Change{
					Segment: fmt.Sprintf("segment-%05d", n%benchSegments), Profile: fmt.Sprintf("customer-%08d", n), Entered: i%2 == 0,
					At: at + int64(i), Version: uint64(i + 1), Cause: pipeline.CauseEvent,
				})
			}
			if err := w.commit(b, c); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		client, bytes := server.Client(b), int64(0)
		for _, key := range client.Keys(b.Context(), "*chron*").Val() {
			bytes += client.MemoryUsage(b.Context(), key, 0).Val()
		}
		b.ReportMetric(float64(bytes)/float64(w.state.Outbox), "redis-bytes/change")
		b.StartTimer()
	}
}
