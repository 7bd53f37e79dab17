package kafka_test

import (
	"fmt"
	"testing"

	"muster/activation"
	kit "muster/test/kit/kafka"
)

// BenchmarkSend is of one shard's transactions, one after the other, on the
// broker that MUSTER_E2E asks for.
func BenchmarkSend(b *testing.B) {
	for _, size := range []int{1, activation.DefaultKafkaBatch} {
		b.Run(fmt.Sprint("batch=", size), func(b *testing.B) {
			broker, d := kit.Start(b), destination()
			sender := open(b, d, home(broker)).Of(0, holds)
			defer sender.Close()
			var changes []activation.Change
			for n := range size {
				changes = append(changes, change(fmt.Sprint("u", n), "vip", 1, true))
			}
			m := message(b, d, changes...)
			for b.Loop() {
				demand(b, sender.Send(b.Context(), m), activation.Delivered, "")
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "changes/s")
		})
	}
}
