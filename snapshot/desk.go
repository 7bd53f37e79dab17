package snapshot

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Priority is whether somebody waits for an answer.
type Priority string

// The priorities.
const (
	Interactive Priority = "interactive" // somebody waits
	Background  Priority = "background"  // a program has time
)

const (
	// ridesTogether is how many rules ride on one scan.
	ridesTogether = 32
	// mostAskers is how many wait for answers, for each question that may wait.
	mostAskers = 16
	// patience is how long a question in the background waits until it goes before
	// others.
	patience = 30 * time.Second
)

// Desk answers questions about a snapshot that is followed. Who asks the same at
// the same time gets the same answer, and rules that wait are evaluated together,
// in one scan of the profiles. A draft has a scan to itself. It is safe for
// concurrent use.
type Desk struct {
	current func() *Fresh
	every   time.Duration // how often an answer on the way is told
	most    int           // questions that may wait
	lanes   chan struct{} // one for each scan that may go on at once

	Scans   atomic.Int64 // that were begun
	Answers atomic.Int64 // different questions that were answered

	mu      sync.Mutex
	waiting []*asked
	running []*asked
	askers  int
}

// asked is a question, and those who wait for its answer.
type asked struct {
	q        *Question
	priority Priority
	since    time.Time
	fresh    *Fresh // of which the answer is, nil while it waits
	askers   map[*asker]struct{}
}

// asker is one who waits. Who is slow to take an answer gets the newest.
type asker struct {
	news  chan *Answer
	ended chan struct{}
	end   *Answer
	err   error
}

// NewDesk returns a Desk where so many questions may wait. It tells an answer on
// the way as often as every says.
func NewDesk(current func() *Fresh, questions int, every time.Duration) *Desk {
	return &Desk{current: current, every: every, most: questions, lanes: make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))}
}

// FullError says that no more questions can wait.
type FullError struct{ Waiting, Askers int }

// Error implements error.
func (e *FullError) Error() string {
	return fmt.Sprintf("%d questions of %d wait, which is as many as may", e.Waiting, e.Askers)
}

// NotFilledError says that the profiles are still being read.
type NotFilledError struct{}

// Error implements error.
func (NotFilledError) Error() string { return "the profiles are still being read" }

// Listener is told of answers. An error of its own ends the question.
type Listener struct {
	// Begin is told first, of what the question will be answered.
	Begin func(*Fresh) error
	// Tell is told each answer; the one that is Done is the last.
	Tell func(*Answer) error
	// Wait is told now and then while there is nothing to tell.
	Wait func() error
}

// beatEvery is how often who waits is told so.
const beatEvery = 15 * time.Second

// Ask asks a question. It returns a *FullError or a NotFilledError at once, and
// else when the last answer was told, ctx ended, or the listener fails.
func (d *Desk) Ask(ctx context.Context, q *Question, priority Priority, to Listener) error {
	fresh := d.current()
	if fresh == nil {
		return NotFilledError{}
	}
	group, one, err := d.join(q, priority)
	if err != nil {
		return err
	}
	defer d.leave(group, one)
	if err := to.Begin(fresh); err != nil {
		return err
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for err == nil {
		select {
		case a := <-one.news:
			err = to.Tell(a)
		case <-beat.C:
			err = to.Wait()
		case <-ctx.Done():
			return ctx.Err()
		case <-one.ended:
			if one.err != nil {
				return one.err
			}
			return to.Tell(one.end)
		}
	}
	return err
}

// join adds one who asks: to those who ask the same, if there are any, of what
// is held now.
func (d *Desk) join(q *Question, priority Priority) (*asked, *asker, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := &asker{news: make(chan *Answer, 1), ended: make(chan struct{})}
	group := d.same(q)
	if d.askers >= d.most*mostAskers || group == nil && len(d.waiting) >= d.most {
		return nil, nil, &FullError{len(d.waiting), d.askers}
	}
	d.askers++
	if group != nil {
		group.askers[one] = struct{}{}
		if priority == Interactive {
			group.priority = Interactive
		}
		return group, one, nil
	}
	group = &asked{q: q, priority: priority, since: time.Now(), askers: map[*asker]struct{}{one: {}}}
	d.waiting = append(d.waiting, group)
	select {
	case d.lanes <- struct{}{}:
		go d.serve()
	default:
	}
	return group, one, nil
}

// same finds the same question, where it waits or is answered from what is held
// now.
func (d *Desk) same(q *Question) *asked {
	if q.key == "" {
		return nil
	}
	now := d.current()
	for _, group := range slices.Concat(d.waiting, d.running) {
		if group.q.key == q.key && (group.fresh == nil || group.fresh == now) {
			return group
		}
	}
	return nil
}

// leave takes out one who waits no more. A question that nobody waits for is
// dropped, also in the middle of a scan.
func (d *Desk) leave(group *asked, one *asker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(group.askers, one)
	d.askers--
	if len(group.askers) == 0 {
		d.waiting = slices.DeleteFunc(d.waiting, func(other *asked) bool { return other == group })
	}
}

// serve scans until nothing waits, in a lane that it gives back.
func (d *Desk) serve() {
	for {
		groups := d.take()
		if len(groups) == 0 {
			return
		}
		d.answer(groups)
	}
}

// take takes the questions that are answered next, and gives the lane back where
// there are none.
func (d *Desk) take() []*asked {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 {
		<-d.lanes
		return nil
	}
	now, fresh := time.Now(), d.current()
	slices.SortStableFunc(d.waiting, func(a, b *asked) int { return cmp.Compare(a.rank(now), b.rank(now)) })
	taken := d.waiting[:1]
	if d.waiting[0].q.isRule() {
		for _, next := range d.waiting[1:] {
			if len(taken) == ridesTogether || !next.q.isRule() {
				break
			}
			taken = append(taken, next)
		}
	}
	taken = slices.Clone(taken)
	d.waiting = slices.Delete(d.waiting, 0, len(taken))
	for _, group := range taken {
		group.fresh = fresh
	}
	d.running = append(d.running, taken...)
	return taken
}

// rank is in which order questions are answered; those of one rank in the order
// in which they came.
func (g *asked) rank(now time.Time) int {
	if g.priority == Interactive || now.Sub(g.since) > patience {
		return 0
	}
	return 1
}

// isRule reports whether a question is one rule, and no draft.
func (q *Question) isRule() bool { return !q.draft }

// answer answers questions in one scan of the profiles.
func (d *Desk) answer(groups []*asked) {
	fresh := groups[0].fresh
	r := &ride{desk: d, snapshot: fresh.Snapshot}
	d.Scans.Add(1)
	d.Answers.Add(int64(len(groups)))
	r.board(groups)
	err := r.run()
	for _, one := range r.all {
		d.finish(one.group, one.pass.last(), err)
	}
}

// tell tells those who wait for a question's answer how far it is.
func (d *Desk) tell(group *asked, a *Answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for one := range group.askers {
		select {
		case <-one.news: // it was not taken
		default:
		}
		one.news <- a
	}
}

// finish tells those who wait the last answer, or why there is none.
func (d *Desk) finish(group *asked, end *Answer, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running = slices.DeleteFunc(d.running, func(other *asked) bool { return other == group })
	for one := range group.askers {
		one.end, one.err = end, err
		close(one.ended)
	}
}

// deserted reports whether nobody waits for a question's answer any more. Then
// nobody can join those who do.
func (d *Desk) deserted(group *asked) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(group.askers) > 0 {
		return false
	}
	d.running = slices.DeleteFunc(d.running, func(other *asked) bool { return other == group })
	return true
}

// Waiting is how many questions wait, how many are being answered, and how many
// wait for an answer.
func (d *Desk) Waiting() (waiting, running, askers int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting), len(d.running), d.askers
}
