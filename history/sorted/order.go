package sorted

import (
	"cmp"
	"strings"
)

// VirtualShards is the number of virtual shards. It is not the number of
// partitions of any topic; where that is a power of two up to it, and the
// partitioner is murmur2, a virtual shard lies within one partition.
const VirtualShards = 1024

const (
	shardBits = 10
	hashBits  = 31
)

// ShardOf returns the virtual shard of a profile: its hash modulo
// VirtualShards.
func ShardOf(profile string) int { return int(hash(profile) % VirtualShards) }

// Compare is the order in which sorted runs have profiles.
func Compare(a, b string) int {
	return cmp.Or(cmp.Compare(order(a), order(b)), strings.Compare(a, b))
}

// order is what profiles are sorted by before their names are compared: the
// virtual shard, then the rest of the hash. It has 31 bits.
func order(profile string) uint32 {
	h := hash(profile)
	return h%VirtualShards<<(hashBits-shardBits) | h>>shardBits
}

// shardOfOrder returns the virtual shard of an order.
func shardOfOrder(o uint32) int { return int(o >> (hashBits - shardBits)) }

// hash is murmur2 as Kafka's own partitioner uses it, without the sign.
func hash(text string) uint32 {
	const m = 0x5bd1e995
	h := 0x9747b28c ^ uint32(len(text))
	for ; len(text) >= 4; text = text[4:] {
		k := uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
		k *= m
		k ^= k >> 24
		h = h*m ^ k*m
	}
	for i := len(text) - 1; i >= 0; i-- {
		if h ^= uint32(text[i]) << (8 * i); i == 0 {
			h *= m
		}
	}
	h ^= h >> 13
	h *= m
	h ^= h >> 15
	return h & 0x7fffffff
}
