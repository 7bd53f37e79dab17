package timers

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"muster/event"
	"muster/pipeline"
	"muster/sink"
	servers "muster/test/kit/redis"
	"muster/test/kit/ruleset"
)

const (
	stored    = 50_000 // profiles in each of two shards
	mostBytes = 32     // of Redis memory that a deadline may take beside the sorted set
)

// BenchmarkState stores the same profiles with and without a deadline and
// compares the memory that their hashes take.
//
//	timer_bytes  of Redis memory a profile, the sorted set excepted
func BenchmarkState(b *testing.B) {
	for b.Loop() {
		server := servers.Start(b)
		store, client := openStore(b, server, 2), server.Client(b)
		with, without := fill(b, store, 0, true), fill(b, store, 1, false)
		each := float64(memory(b, client, with)-memory(b, client, without)) / stored
		b.ReportMetric(each, "timer_bytes")
		if each > mostBytes {
			b.Errorf("a deadline takes %.1f bytes, want at most %d", each, mostBytes)
		}
	}
}

// fill stores profiles and returns the pattern of their keys.
func fill(b *testing.B, store *sink.Store, shard int, deadlines bool) string {
	b.Helper()
	state, err := store.Open(b.Context(), shard)
	if err != nil {
		b.Fatal(err)
	}
	config := pipeline.Default()
	config.CacheBytes = 0
	d := pipeline.NewDriver(ruleset.Compile(b, segments), config, state, pipeline.PortOf(store, shard))
	for i := range stored {
		ev := event.Event{
			Type: event.Track, Name: "Bought", Profile: fmt.Sprintf("u%d", i), Time: began.UnixMilli(), Arrival: began.UnixMilli(),
			Body: event.ObjectOf([]event.Value{event.StringOf("revenue"), event.NumberOf(20)}),
		}
		if _, err := d.Apply(b.Context(), &ev); err != nil {
			b.Fatal(err)
		}
		if p := d.Profile(ev.Profile); p.Deadline == 0 {
			b.Fatal("a profile has no deadline")
		} else if !deadlines {
			p.Deadline = 0
		}
		if i%1000 == 999 {
			if err := d.Commit(b.Context(), int64(i)); err != nil {
				b.Fatal(err)
			}
		}
	}
	return fmt.Sprintf("m:{s%d}:p:*", shard)
}

// memory is what the keys of a pattern take, in bytes.
func memory(b *testing.B, c *redis.Client, pattern string) int64 {
	b.Helper()
	total, keys := int64(0), c.Scan(b.Context(), 0, pattern, 1000).Iterator()
	for keys.Next(b.Context()) {
		n, err := c.MemoryUsage(b.Context(), keys.Val(), 0).Result()
		if err != nil {
			b.Fatal(err)
		}
		total += n
	}
	if err := keys.Err(); err != nil || total == 0 {
		b.Fatalf("%d bytes under %s, %v", total, pattern, err)
	}
	return total
}
