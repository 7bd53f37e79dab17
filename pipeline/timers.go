package pipeline

import (
	"cmp"
	"container/heap"
	"strings"
)

// timers are the deadlines of a shard's profiles, at most one each, in order
// of time and then profile. Those that time has reached stand apart, so that
// their number is known at once, as far as anybody asks: of a million that
// are due at once most stay where they are until their turn comes.
type timers struct {
	overdue, waiting queue
	reached          int64                // no deadline in overdue is later, ms
	of               map[string]*deadline // by profile

	// Memory of first.
	fringe fringe
	list   []Timer
}

// deadline is a Timer in one of the queues.
type deadline struct {
	Timer
	index   int // in its queue
	overdue bool
}

func (d *deadline) before(other *deadline) bool {
	if c := cmp.Compare(d.At, other.At); c != 0 {
		return c < 0
	}
	return strings.Compare(d.Profile, other.Profile) < 0
}

func newTimers(stored []Timer) *timers {
	t := &timers{of: make(map[string]*deadline, len(stored)), waiting: make(queue, 0, len(stored))}
	for _, s := range stored {
		d := &deadline{Timer: s, index: len(t.waiting)}
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
	case at != 0 && d.overdue == (at <= t.reached):
		d.At = at
		heap.Fix(t.queue(d), d.index)
		return
	default:
		heap.Remove(t.queue(d), d.index)
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

// collect moves to overdue what is due at the latest until it was ever given,
// and returns how many deadlines stand there; it stops when there are more
// than most.
func (t *timers) collect(until int64, most int) int {
	t.reached = max(t.reached, until)
	for len(t.overdue) <= most && len(t.waiting) > 0 && t.waiting[0].At <= t.reached {
		d := heap.Pop(&t.waiting).(*deadline)
		d.overdue = true
		heap.Push(&t.overdue, d)
	}
	return len(t.overdue)
}

// next returns the earliest deadline, and false when there is none.
func (t *timers) next() (Timer, bool) {
	switch {
	case len(t.overdue) == 0 && len(t.waiting) == 0:
		return Timer{}, false
	case len(t.overdue) == 0 || len(t.waiting) > 0 && t.waiting[0].before(t.overdue[0]):
		return t.waiting[0].Timer, true
	}
	return t.overdue[0].Timer, true
}

// first returns up to limit deadlines that are not after until, in order. The
// queues stay as they are: what comes next in a heap is below what came
// before, so only that is looked at. The list is valid until the next call.
func (t *timers) first(until int64, limit int) []Timer {
	t.list, t.fringe = t.list[:0], t.fringe[:0]
	t.fringe.add(t.overdue, 0)
	t.fringe.add(t.waiting, 0)
	for len(t.list) < limit && len(t.fringe) > 0 && t.fringe[0].At <= until {
		d := heap.Pop(&t.fringe).(*deadline)
		t.list = append(t.list, d.Timer)
		q := *t.queue(d)
		t.fringe.add(q, 2*d.index+1)
		t.fringe.add(q, 2*d.index+2)
	}
	return t.list
}

// fringe is a heap of deadlines that stand in the queues.
type fringe []*deadline

// add puts in the deadline at an index of a queue, if there is one.
func (f *fringe) add(q queue, index int) {
	if index < len(q) {
		heap.Push(f, q[index])
	}
}

func (f fringe) Len() int           { return len(f) }
func (f fringe) Less(i, j int) bool { return f[i].before(f[j]) }
func (f fringe) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }

// Push is heap.Interface's.
func (f *fringe) Push(x any) { *f = append(*f, x.(*deadline)) }

// Pop is heap.Interface's.
func (f *fringe) Pop() any {
	old := *f
	last := old[len(old)-1]
	*f = old[:len(old)-1]
	return last
}

// queue is a heap of deadlines.
type queue []*deadline

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool { return q[i].before(q[j]) }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push is heap.Interface's.
func (q *queue) Push(x any) {
	d := x.(*deadline)
	d.index = len(*q)
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
