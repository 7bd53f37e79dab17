package snapshot

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"

	"github.com/twmb/murmur3"
)

// held is a profile that is held, as it is stored.
type held struct {
	hash  uint64
	shard int32
	id    string
	blob  string
}

// beside is what a held profile takes beside its id and blob: the entry of the
// list, which has some room to grow, and what allocations are rounded up by.
const beside = 112

func (h *held) bytes() int64 { return int64(beside + len(h.id) + len(h.blob)) }

// seed keeps the order apart from what else goes by a hash of the id: buckets
// of the store, and bucket(...) in rules. Else a prefix of the order could be
// all in one half of a rule's buckets.
const seed = 0x6d7573746572

// orderOf is the place of a profile in the order of a snapshot.
func orderOf(id string) uint64 {
	first, _ := murmur3.SeedStringSum128(seed, seed, id)
	return first
}

func compare(a, b *held) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.id, b.id))
}

// holder gathers profiles up to a bound of memory. Past it the last in order go
// and none behind them is taken any more: those that stay are all up to a hash,
// whatever the order in which they came.
type holder struct {
	bound int64
	bytes int64
	all   int64  // profiles that came
	list  byLast // a heap once first is set
	first *held  // of those that are left out, nil for none
}

func (h *holder) add(one held) {
	h.all++
	if h.first != nil && compare(&one, h.first) > 0 {
		return
	}
	h.bytes += one.bytes()
	if h.first != nil {
		heap.Push(&h.list, one)
	} else if h.list = append(h.list, one); h.bytes > h.bound {
		heap.Init(&h.list)
	}
	for h.bytes > h.bound {
		last := heap.Pop(&h.list).(held)
		h.bytes -= last.bytes()
		h.first = &last
	}
}

// sorted returns the profiles in order. Nothing can be added any more.
func (h *holder) sorted() []held {
	slices.SortFunc(h.list, func(a, b held) int { return compare(&a, &b) })
	return h.list
}

// byLast is a heap.Interface whose top is the last in order.
type byLast []held

// Len implements heap.Interface.
func (l byLast) Len() int { return len(l) }

// Less implements heap.Interface.
func (l byLast) Less(i, j int) bool { return compare(&l[i], &l[j]) > 0 }

// Swap implements heap.Interface.
func (l byLast) Swap(i, j int) { l[i], l[j] = l[j], l[i] }

// Push implements heap.Interface.
func (l *byLast) Push(one any) { *l = append(*l, one.(held)) }

// Pop implements heap.Interface. What goes is not held on to.
func (l *byLast) Pop() any {
	end := len(*l) - 1
	last := (*l)[end]
	(*l)[end] = held{}
	*l = (*l)[:end]
	return last
}
