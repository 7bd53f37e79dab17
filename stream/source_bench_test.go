package stream_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"muster/pipeline"
	"muster/stream"
	"muster/test/kit/kafka"
)

// BenchmarkSource reads 300-byte values from a broker that serves them
// endlessly. The broker runs in the same process and is part of the CPU time.
func BenchmarkSource(b *testing.B) {
	for name, codec := range map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "lz4": kgo.Lz4Compression()} {
		b.Run(name, func(b *testing.B) {
			broker := kafka.StartFakeFor(b, kfake.SeedTopics(1, "keyed"), kfake.SyntheticFetch(kfake.SyntheticBatch{
				RecordBytes: 300, RandomFrac: 0.3, Compression: codec,
			}))
			cfg := stream.Default()
			cfg.Brokers, cfg.Keyed = broker.Addresses(), "keyed"
			c, err := stream.Connect(cfg, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			source := c.Open(0, 0, pipeline.Anchor{})
			defer source.Close()
			var records, next int64
			b.ReportAllocs()
			for b.Loop() {
				batch, err := source.Fetch(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				for i := range batch.Records {
					if batch.Records[i].Offset != next || len(batch.Records[i].Value) != 300 {
						b.Fatalf("offset %d with %d bytes comes when %d is due",
							batch.Records[i].Offset, len(batch.Records[i].Value), next)
					}
					next++
				}
				records += int64(len(batch.Records))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
		})
	}
}
