package rehearsal

import "math/bits"

// memory is what Redis takes, in bytes. It is estimated from what is stored,
// by the structures of Redis 7 on a machine of 64 bits:
//
//	a string of n bytes   a size class that holds n, a header and a zero
//	a profile             entry of a hash: entry, place in its table, id, base;
//	                      and where it has traits, another one with its tail
//	a timer               entry of a sorted set: entry, place, id, node
//	a membership          entry of a set: entry, place, id
//
// Tables have 1 to 2 places an entry; 1.5 is taken. Hashes, sets and sorted
// sets are taken to be larger than what Redis packs.
type memory struct {
	profiles    float64
	timers      float64
	memberships float64
}

// total is the sum.
func (m memory) total() float64 { return m.profiles + m.timers + m.memberships }

const (
	tableEntry = 24        // key, value, next
	tablePlace = 8 * 3 / 2 // a pointer, of which there are 1 to 2 an entry
	// node is a node of a skip list: element, score, pointer back, and a
	// pointer and a width for each level, of which there are 4/3.
	node = 24 + 16*4/3
)

func profileMemory(id, blob int) float64 { return entryMemory(id) + stringMemory(blob) }

func timerMemory(id int) float64 { return entryMemory(id) + sizeClass(node) }

func memberMemory(id int) float64 { return entryMemory(id) }

func entryMemory(id int) float64 { return tablePlace + sizeClass(tableEntry) + stringMemory(id) }

// stringMemory is what Redis takes for a string of n bytes: a header by its
// length and a zero at its end.
func stringMemory(n int) float64 {
	header := 9
	switch {
	case n < 1<<5:
		header = 1
	case n < 1<<8:
		header = 3
	case n < 1<<16:
		header = 5
	}
	return sizeClass(n + header + 1)
}

// sizeClass is what jemalloc takes for n bytes: multiples of 16 up to 128,
// and from there on four sizes from each power of two to the next.
func sizeClass(n int) float64 {
	step := 16
	if n > 128 {
		step = 1 << (bits.Len(uint(n-1)) - 3)
	}
	return float64((n + step - 1) / step * step)
}
