package pipeline

import (
	"cmp"
	"container/heap"
	"strings"
)

// timers is the queue of a shard's deadlines, by time and then profile.
// A profile has at most one; entries that a newer one has replaced stay in
// the heap until they come up. They are swept when they outnumber the rest.
type timers struct {
	heap timerHeap
	due  map[string]int64 // profile -> its deadline
}

func newTimers(stored []Timer) *timers {
	t := &timers{due: make(map[string]int64, len(stored)), heap: make(timerHeap, 0, len(stored))}
	for _, s := range stored {
		t.due[s.Profile] = s.At
		t.heap = append(t.heap, s)
	}
	heap.Init(&t.heap)
	return t
}

// set gives a profile its deadline, 0 for none.
func (t *timers) set(profile string, at int64) {
	if at == 0 {
		delete(t.due, profile)
	} else if t.due[profile] != at {
		t.due[profile] = at
		heap.Push(&t.heap, Timer{profile, at})
	}
	if len(t.heap) > 2*len(t.due)+64 {
		t.sweep()
	}
}

// sweep drops replaced entries.
func (t *timers) sweep() {
	kept := t.heap[:0]
	for _, one := range t.heap {
		if t.due[one.Profile] == one.At {
			kept = append(kept, one)
		}
	}
	clear(t.heap[len(kept):])
	t.heap = kept
	heap.Init(&t.heap)
}

// next returns the earliest deadline, and false when there is none.
func (t *timers) next() (Timer, bool) {
	for len(t.heap) > 0 {
		first := t.heap[0]
		if t.due[first.Profile] == first.At {
			return first, true
		}
		heap.Pop(&t.heap)
	}
	return Timer{}, false
}

// pop removes and returns up to limit deadlines that are not after until, in order.
// The caller puts back with set those that it does not serve.
func (t *timers) pop(until int64, limit int) []Timer {
	var list []Timer
	for len(list) < limit {
		first, ok := t.next()
		if !ok || first.At > until {
			break
		}
		heap.Pop(&t.heap)
		delete(t.due, first.Profile)
		list = append(list, first)
	}
	return list
}

type timerHeap []Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if c := cmp.Compare(h[i].At, h[j].At); c != 0 {
		return c < 0
	}
	return strings.Compare(h[i].Profile, h[j].Profile) < 0
}

func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is heap.Interface's; use set.
func (h *timerHeap) Push(x any) { *h = append(*h, x.(Timer)) }

// Pop is heap.Interface's; use pop.
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = Timer{}
	*h = old[:len(old)-1]
	return last
}
