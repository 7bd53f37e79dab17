package sorted

import (
	"cmp"
	"iter"
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

// sort puts keys in order, and returns a sequence of them, group by group. Those of
// one profile mostly have an order of their own, which makes a group, so only few rows
// are compared. That is done as late as it can be: rows lie scattered in memory, and
// what was just compared is quickly written.
func (s *sorter) sort() iter.Seq[[]uint64] {
	s.keys, s.spare = radix(s.keys, s.spare)
	return func(yield func([]uint64) bool) {
		for first := 0; first < len(s.keys); {
			end := first + 1
			for end < len(s.keys) && s.keys[end]>>32 == s.keys[first]>>32 {
				end++
			}
			group := s.keys[first:end]
			if !s.inOrder(group) {
				slices.SortFunc(group, s.compare)
			}
			if !yield(group) {
				return
			}
			first = end
		}
	}
}

// inOrder reports whether rows are in order already, as those of one profile mostly
// are: they come by their arrival.
func (s *sorter) inOrder(group []uint64) bool {
	if len(group) == 1 {
		return true
	}
	last := &s.entries[uint32(group[0])]
	own := s.profile(last)
	for _, k := range group[1:] {
		e := &s.entries[uint32(k)]
		if e.arrival < last.arrival || s.profile(e) != own {
			return false
		}
		last = e
	}
	return true
}

// thin leaves out of a group what Writer.Sparse says.
func (s *sorter) thin(group []uint64) []uint64 {
	kept := group[:0]
	var last *entry
	for _, k := range group {
		e := &s.entries[uint32(k)]
		if e.kind != projection.Unread || e.id > 0 || last == nil || s.profile(last) != s.profile(e) {
			kept = append(kept, k)
		}
		last = e
	}
	return kept
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
