package sink_test

import (
	"fmt"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/pipeline"
	"muster/rules"
	"muster/test/kit/redis"
)

// BenchmarkOpen takes over a shard in which every profile has a deadline, up to
// where its first record can be applied. Deadlines are all that an owner reads
// of every profile before that. It reports what one of them costs the two sides.
func BenchmarkOpen(b *testing.B) {
	for _, timers := range []int{0, 125_000, 1_000_000} {
		b.Run(fmt.Sprintf("timers=%d", timers), func(b *testing.B) {
			server := redis.Start(b)
			store, info := open(b, config(server.Address)), server.Client(b)
			setTimers(b, info, timers)
			set, err := rules.Compile(nil)
			if err != nil {
				b.Fatal(err)
			}
			redisBefore, before := cpuOf(b, info), used(b)
			b.ReportAllocs()
			for b.Loop() {
				state, err := store.Open(b.Context(), 0)
				if err != nil || len(state.Timers) != timers {
					b.Fatalf("opened with %d timers: %v", len(state.Timers), err)
				}
				pipeline.NewDriver(set, pipeline.Default(), state, pipeline.PortOf(store, 0))
			}
			own, others := used(b)-before, cpuOf(b, info)-redisBefore
			b.ReportMetric(float64(own)/1e3/float64(b.N), "cpu-ms/op")
			b.ReportMetric(others.Seconds()*1e3/float64(b.N), "redis-ms/op")
		})
	}
}

// setTimers gives so many profiles of shard 0 a deadline each.
func setTimers(b *testing.B, c *client.Client, timers int) {
	b.Helper()
	const page = 10_000
	members := make([]client.Z, 0, page)
	for first := 0; first < timers; first += page {
		members = members[:0]
		for i := first; i < min(first+page, timers); i++ {
			members = append(members, client.Z{Score: float64(time.Now().UnixMilli() + int64(i*7919%timers)), Member: fmt.Sprintf("customer-%08d", i)})
		}
		if err := c.ZAdd(b.Context(), "m:{s0}:timers", members...).Err(); err != nil {
			b.Fatal(err)
		}
	}
}
