package pipeline

import (
	"cmp"
	"container/heap"
	"strings"
)

// timers are the deadlines of a shard's profiles, at most one each, in order
// of time and then profile. Those that time has reached stand apart, so that
// their number is known at once.
type timers struct {
	overdue, waiting queue
	reached          int64                // deadlines up to this one are overdue, ms
	of               map[string]*deadline // by profile
}

// deadline is a Timer in one of the queues.
type deadline struct {
	Timer
	place   int // in its queue
	overdue bool
}

func newTimers(stored []Timer) *timers {
	t := &timers{of: make(map[string]*deadline, len(stored)), waiting: make(queue, 0, len(stored))}
	for _, s := range stored {
		d := &deadline{Timer: s, place: len(t.waiting)}
		t.of[s.Profile] = d
		t.waiting = append(t.waiting, d)
	}
	heap.Init(&t.waiting)
	return t
}

// set gives a profile its deadline, 0 for none.
func (t *timers) set(profile string, at int64) {
	d := t.of[profile]
	switch {
	case d == nil && at == 0, d != nil && d.At == at:
		return
	case d == nil:
		d = &deadline{Timer: Timer{Profile: profile}}
		t.of[profile] = d
	default:
		heap.Remove(t.queue(d), d.place)
	}
	if at == 0 {
		delete(t.of, profile)
		return
	}
	d.At, d.overdue = at, at <= t.reached
	heap.Push(t.queue(d), d)
}

func (t *timers) queue(d *deadline) *queue {
	if d.overdue {
		return &t.overdue
	}
	return &t.waiting
}

// reach makes every deadline up to until overdue and returns how many there
// are now.
func (t *timers) reach(until int64) int {
	t.reached = max(t.reached, until)
	for len(t.waiting) > 0 && t.waiting[0].At <= t.reached {
		d := heap.Pop(&t.waiting).(*deadline)
		d.overdue = true
		heap.Push(&t.overdue, d)
	}
	return len(t.overdue)
}

// next returns the earliest deadline, and false when there is none.
func (t *timers) next() (Timer, bool) {
	for _, q := range []queue{t.overdue, t.waiting} {
		if len(q) > 0 {
			return q[0].Timer, true
		}
	}
	return Timer{}, false
}

// first returns up to limit deadlines that are not after until, in order.
func (t *timers) first(until int64, limit int) []Timer {
	var list []Timer
	for len(list) < limit {
		one, ok := t.next()
		if !ok || one.At > until {
			break
		}
		t.set(one.Profile, 0)
		list = append(list, one)
	}
	for _, one := range list {
		t.set(one.Profile, one.At)
	}
	return list
}

// queue is a heap of deadlines.
type queue []*deadline

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if c := cmp.Compare(q[i].At, q[j].At); c != 0 {
		return c < 0
	}
	return strings.Compare(q[i].Profile, q[j].Profile) < 0
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push is heap.Interface's.
func (q *queue) Push(x any) {
	d := x.(*deadline)
	d.place = len(*q)
	*q = append(*q, d)
}

// Pop is heap.Interface's.
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}
