package sink_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"muster/sink"
	"muster/test/kit/redis"
)

// BenchmarkLook looks at random profiles from many goroutines at once, and
// tells how much CPU the asking side takes for each.
func BenchmarkLook(b *testing.B) {
	server := redis.Start(b)
	cfg := sink.Default()
	cfg.Addresses = []string{server.Address}
	store := connect(b, cfg)
	if err := store.Init(b.Context(), 8); err != nil {
		b.Fatal(err)
	}
	c := server.Client(b)
	blob := strings.Repeat("profile.", 750)
	for shard := range 8 {
		for bucket := range cfg.Buckets {
			c.HSet(b.Context(), fmt.Sprintf("m:{s%d}:p:%d", shard, bucket), "p", blob)
		}
		c.HSet(b.Context(), fmt.Sprintf("m:{s%d}:meta", shard), "epoch", 1, "next", 1000, "clock", 1790000000000, "outbox", 10, "rules", "abcdef", "generation", 1,
			"commits", 100, "schema", "2", "swept", 1, "bucket", 0, "sweep", 1, "anchor", "1000 999 abcdef0123 0123456789")
	}
	for _, each := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("at_once=%d", 2*each), func(b *testing.B) {
			b.SetParallelism(each)
			before := used(b)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if l, err := store.Look(b.Context(), i%8, "p", 0); err != nil || l.Blob == "" {
						b.Errorf("%v", err)
						return
					}
				}
			})
			b.ReportMetric(float64(used(b)-before)/float64(b.N), "cpu-us/op")
		})
	}
}

func used(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}
