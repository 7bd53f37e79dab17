package hyperloglog

import "encoding/binary"

// seed is that of Redis.
const seed = 0xadc83b19

// Hash is MurmurHash64A, by which Redis finds the register of a text.
func Hash(text []byte) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := seed ^ uint64(len(text))*m
	for ; len(text) >= 8; text = text[8:] {
		k := binary.LittleEndian.Uint64(text) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(text) > 0 {
		for i, c := range text {
			h ^= uint64(c) << (8 * i)
		}
		h *= m
	}
	h ^= h >> r
	h *= m
	return h ^ h>>r
}
