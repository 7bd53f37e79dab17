package stream_test

import (
	"strings"
	"testing"

	"muster/stream"
)

// The hashes are the published ones: of the Java client's own tests, the
// check value of CRC-32, and the FNV reference vectors.
func TestPartitionerVectors(t *testing.T) {
	const shards = 1009
	for _, v := range []struct {
		name    string
		profile string
		hash    uint32
	}{
		{stream.Murmur2, "21", 0xc5f2f8ec},
		{stream.Murmur2, "foobar", 0xd0e47bbe},
		{stream.Murmur2, "abc", 0x1c94221b},
		{stream.Murmur2, "a-little-bit-long-string", 0xc53b1da0},
		{stream.CRC32, "123456789", 0xcbf43926},
		{stream.FNV1a, "foobar", 0xbf9cf968},
		{stream.FNV1a, "a", 0xe40c292c},
	} {
		p, err := stream.NewPartitioner(v.name, shards)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.Partition(v.profile), expected(v.name, v.hash, shards); got != want {
			t.Errorf("%s of %q is partition %d instead of %d", v.name, v.profile, got, want)
		}
	}
}

// expected reduces a hash to a partition as each client does: Java drops the
// sign bit, librdkafka divides unsigned, Sarama divides signed and negates.
func expected(name string, hash uint32, shards int32) int {
	switch name {
	case stream.Murmur2:
		return int(int32(hash&0x7fffffff) % shards)
	case stream.CRC32:
		return int(hash % uint32(shards))
	}
	return int(max(int32(hash)%shards, -(int32(hash) % shards)))
}

// Every event is asked for its partition.
func TestPartitionsCostNoAllocations(t *testing.T) {
	for _, name := range []string{stream.Murmur2, stream.CRC32, stream.FNV1a} {
		p, err := stream.NewPartitioner(name, 12)
		if err != nil {
			t.Fatal(err)
		}
		profile, sum := strings.Repeat("profile", 20), 0
		const calls = 1000
		allocated := testing.AllocsPerRun(10, func() {
			for range calls {
				sum += p.Partition(profile)
			}
		})
		// None at all, but under the race detector a sync.Pool loses a quarter of
		// what it is given, and kafka-go's for fnv1a does as well.
		if allocated > calls*9/10 {
			t.Errorf("%s: %.0f allocations for %d profiles", name, allocated, calls)
		}
	}
}

func BenchmarkPartition(b *testing.B) {
	for _, name := range []string{stream.Murmur2, stream.CRC32, stream.FNV1a} {
		b.Run(name, func(b *testing.B) {
			p, err := stream.NewPartitioner(name, 12)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				p.Partition("customer-00184467")
			}
		})
	}
}

func TestPartitionerRefusesUnknown(t *testing.T) {
	if _, err := stream.NewPartitioner("md5", 4); err == nil {
		t.Error("an unknown partitioner is accepted")
	}
	if _, err := stream.NewPartitioner(stream.CRC32, 0); err == nil {
		t.Error("no shards are accepted")
	}
}
