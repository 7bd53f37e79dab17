package stream

import (
	"fmt"
	"sync"

	"github.com/segmentio/kafka-go"
)

// The names of the partitioners.
const (
	Murmur2 = "murmur2"
	CRC32   = "crc32"
	FNV1a   = "fnv1a"
)

// Partitioner maps profiles to the partitions of the keyed topic. It is
// safe for concurrent use.
type Partitioner struct {
	balancer   kafka.Balancer
	partitions []int
	keys       sync.Pool // of *[]byte, for profiles as the balancer wants them
}

// NewPartitioner returns the partitioner of that name for a number of
// shards, at least 1.
func NewPartitioner(name string, shards int) (*Partitioner, error) {
	if shards < 1 {
		return nil, fmt.Errorf("partitioner: %d shards are impossible", shards)
	}
	p := &Partitioner{partitions: make([]int, shards), keys: sync.Pool{New: func() any { return new([]byte) }}}
	for i := range p.partitions {
		p.partitions[i] = i
	}
	switch name {
	case Murmur2:
		p.balancer = kafka.Murmur2Balancer{Consistent: true}
	case CRC32:
		p.balancer = kafka.CRC32Balancer{Consistent: true}
	case FNV1a:
		p.balancer = &kafka.Hash{}
	default:
		return nil, fmt.Errorf("partitioner: %q is none of %s, %s, %s", name, Murmur2, CRC32, FNV1a)
	}
	return p, nil
}

// Partition returns the partition, and so the shard, of a profile.
func (p *Partitioner) Partition(profile string) int {
	key := p.keys.Get().(*[]byte)
	defer p.keys.Put(key)
	*key = append((*key)[:0], profile...)
	return p.balancer.Balance(kafka.Message{Key: *key}, p.partitions...)
}

// Shards returns the number of partitions.
func (p *Partitioner) Shards() int { return len(p.partitions) }
