package sorted

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"

	"muster/history/projection"
)

// Row is an event as a sorted run keeps it.
type Row struct {
	Profile   string
	MessageID string
	Arrival   int64 // ms since 1970 UTC
	Time      int64 // event time, ms since 1970 UTC
	Kind      int32 // of package projection, as Body
	Body      []byte
}

// entry is a row in a sorter: its texts lie in the sorter's memory.
type entry struct {
	at            int // where profile, id and body stand, one behind the other
	profile, id   uint32
	body          uint32
	kind          int32
	arrival, time int64
}

// sorter gathers rows and puts them in order.
type sorter struct {
	memory  []byte
	entries []entry
	keys    []uint64 // order and index
	spare   []uint64
}

func (s *sorter) add(r *Row) {
	at := len(s.memory)
	s.memory = packID(append(s.memory, r.Profile...), r.MessageID)
	id := len(s.memory) - at - len(r.Profile)
	s.memory = append(s.memory, r.Body...)
	s.keys = append(s.keys, uint64(order(r.Profile))<<32|uint64(len(s.entries)))
	s.entries = append(s.entries, entry{at, uint32(len(r.Profile)), uint32(id), uint32(len(r.Body)), r.Kind, r.Arrival, r.Time})
}

// bytes is what the rows take, about.
func (s *sorter) bytes() int { return len(s.memory) + 64*len(s.entries) }

func (s *sorter) reset() { s.memory, s.entries, s.keys = s.memory[:0], s.entries[:0], s.keys[:0] }

func (s *sorter) text(at int, n uint32) string {
	return unsafe.String(unsafe.SliceData(s.memory[at:]), int(n))
}

func (s *sorter) profile(e *entry) string { return s.text(e.at, e.profile) }

// sort puts keys in order. Those of one profile mostly have an order of their
// own, so only few rows are compared.
func (s *sorter) sort() {
	s.keys, s.spare = radix(s.keys, s.spare)
	for first := 0; first < len(s.keys); {
		end := first + 1
		for end < len(s.keys) && s.keys[end]>>32 == s.keys[first]>>32 {
			end++
		}
		// Rows of one profile mostly come in order of arrival.
		if group := s.keys[first:end]; !slices.IsSortedFunc(group, s.compare) {
			slices.SortFunc(group, s.compare)
		}
		first = end
	}
}

// thin leaves out what Writer.Sparse says. It comes after sort.
func (s *sorter) thin() {
	kept := s.keys[:0]
	var last *entry
	for _, k := range s.keys {
		e := &s.entries[uint32(k)]
		if e.kind != projection.Unread || e.id > 0 || last == nil || s.profile(last) != s.profile(e) {
			kept = append(kept, k)
		}
		last = e
	}
	s.keys = kept
}

// compare is the order of rows whose profiles have the same order.
func (s *sorter) compare(a, b uint64) int {
	x, y := &s.entries[uint32(a)], &s.entries[uint32(b)]
	if c := strings.Compare(s.profile(x), s.profile(y)); c != 0 {
		return c
	}
	if x.arrival != y.arrival {
		return cmp.Compare(x.arrival, y.arrival)
	}
	return cmp.Compare(a, b)
}

// radix sorts by the upper half, and leaves what is equal in it as it is. It
// returns the sorted keys and memory for the next time.
func radix(keys, spare []uint64) (sorted, memory []uint64) {
	const bits, digits = 11, 1 << 11
	spare = slices.Grow(spare[:0], len(keys))[:len(keys)]
	for shift := 32; shift < 32+hashBits; shift += bits {
		var counts [digits]int
		for _, k := range keys {
			counts[k>>shift%digits]++
		}
		at := 0
		for i, n := range counts {
			counts[i] = at
			at += n
		}
		for _, k := range keys {
			digit := k >> shift % digits
			spare[counts[digit]] = k
			counts[digit]++
		}
		keys, spare = spare, keys
	}
	return keys, spare
}
