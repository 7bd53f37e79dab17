package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"muster/history/files"
	"muster/history/projection"
)

// Hold is a request that this process has. Nobody else has it until Run or
// Leave returns.
type Hold struct {
	queue *Queue
	asked Asked
	lock  files.Lock
	state State
	shown atomic.Pointer[State] // the newest
}

// Asked returns what is asked for.
func (h *Hold) Asked() Asked { return h.asked }

// State returns how far the request is, as far as that was looked at: several
// times in a second. It may be called at any time.
func (h *Hold) State() State { return *h.shown.Load() }

// show has State return what is known now.
func (h *Hold) show() {
	now := h.state
	h.shown.Store(&now)
}

// HeldError says that another process has a request.
type HeldError struct{ Entry *Entry }

// Error says who has it.
func (e *HeldError) Error() string {
	s := &e.Entry.State
	return fmt.Sprintf("request %s is %s already, by process %d on %s; evaluator backfill status %s --watch shows it",
		e.Entry.ID, s.Phase, s.PID, s.Host, e.Entry.ID)
}

// ErrCancelled says that somebody asked for a request to be stopped.
var ErrCancelled = errors.New("the backfill was cancelled; evaluator backfill resume goes on with it")

// Take takes a request and writes down what is asked for. One that was not
// finished keeps its place among those that wait. The error is a *HeldError
// where another process has it.
func (q *Queue) Take(ctx context.Context, a Asked) (h *Hold, err error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if q.loose { // or one who was killed a moment ago is taken for one who is there
		if _, err := q.place.Alive(q.path(a.ID, "lock")); err != nil {
			return nil, fmt.Errorf("taking request %s: %w", a.ID, err)
		}
	}
	err = q.exclusively(ctx, func() error {
		before, err := q.entry(a.ID)
		if err != nil {
			return err
		}
		lock, err := q.place.TryLock(q.path(a.ID, "lock"))
		if err != nil {
			return err
		}
		if lock == nil {
			return &HeldError{before}
		}
		h = &Hold{queue: q.until(lock.Lost()), asked: a, lock: lock}
		return h.begin(before)
	})
	if err != nil {
		if h != nil {
			err = errors.Join(err, h.lock.Close())
		}
		return nil, fmt.Errorf("taking request %s: %w", a.ID, err)
	}
	return h, nil
}

// until returns the queue for whoever has nothing to say any more once its lock is
// lost: in a bucket it would be tried for long.
func (q *Queue) until(lost <-chan struct{}) *Queue {
	bucket, is := q.place.(*files.Bucket)
	if !is {
		return q
	}
	own := *q
	own.place = bucket.Until(lost)
	return &own
}

// begin writes down that it waits. Before is what was known of the request, nil
// for nothing.
func (h *Hold) begin(before *Entry) error {
	h.state = State{Phase: Waiting, PID: os.Getpid(), Attempt: 1}
	h.state.Host, _ = os.Hostname() // it is only shown
	if before != nil && before.State.Phase != Done {
		h.asked.At, h.state.Attempt, h.state.Deaths = before.At, before.State.Attempt+1, before.State.deaths()
		if err := h.queue.charge(h.asked.ID, &before.State); err != nil {
			return err
		}
	} else if err := h.queue.place.Remove(h.path(ledgerFile)); err != nil {
		return err
	}
	if err := h.queue.place.Remove(h.path(cancelFile)); err != nil {
		return err
	}
	return errors.Join(h.queue.write(h.path("request.json"), &h.asked), h.write(time.Now()))
}

func (h *Hold) path(name string) string { return h.queue.path(h.asked.ID, name) }

func (h *Hold) write(now time.Time) error {
	h.state.Beat = now.UTC()
	h.show()
	return h.queue.write(h.path("state.json"), &h.state)
}

// Await waits until it is this request's turn, when at most so many requests
// of the work directory run at a time; tell is told what it waits for, whenever
// that is another thing. It returns what others keep that wait for the same
// objects; they will wait until this request has read these. After an error the
// request is left.
func (h *Hold) Await(ctx context.Context, most int, tell func(why string)) (along []projection.Projection, err error) {
	defer func() {
		if err != nil {
			err = h.end(err)
		}
	}()
	tick := time.NewTicker(h.queue.look)
	defer tick.Stop()
	for told := ""; ; {
		mine, err := h.look(ctx, most)
		if err != nil || mine.come {
			return mine.along, err
		}
		if told != mine.why {
			told = mine.why
			tell(told)
		}
		if h.cancelled() {
			return nil, ErrCancelled
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-h.lock.Lost():
			return nil, files.ErrLost
		case <-tick.C:
		}
	}
}

// look looks whether the turn has come, and writes down what is found.
func (h *Hold) look(ctx context.Context, most int) (mine turn, err error) {
	if h.queue.loose { // without keeping others from it where there is nothing to write
		active, err := h.queue.entries()
		if err != nil {
			return mine, err
		}
		mine = judge(active, h.asked.ID, most)
		if !mine.come && h.state.Why == mine.why && time.Since(h.state.Beat) < h.queue.beat {
			return mine, nil
		}
	}
	err = h.queue.exclusively(ctx, func() error {
		active, err := h.queue.entries()
		if err != nil {
			return err
		}
		mine = judge(active, h.asked.ID, most)
		now := time.Now()
		if mine.come {
			h.state.Phase, h.state.Why, h.state.Began = Running, "", now.UTC()
			h.state.Keeps = projection.Union(append(mine.along, h.asked.Keeps)...)
			return h.write(now)
		}
		if h.state.Why != mine.why || now.Sub(h.state.Beat) >= h.queue.beat {
			h.state.Why = mine.why
			return h.write(now)
		}
		return nil
	})
	return mine, err
}

func (h *Hold) cancelled() bool {
	file, err := h.queue.place.Open(h.path(cancelFile))
	return err == nil && file.Close() == nil
}

// Run does a request whose turn has come, and leaves it. It writes down how
// far it is, which look tells, and ends the context of do when the request is
// cancelled.
func (h *Hold) Run(ctx context.Context, look func() Figures, do func(context.Context) error) error {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		h.follow(done, look, cancel)
	}()
	err := do(inner)
	close(done)
	<-gone
	if cause := context.Cause(inner); err != nil && (errors.Is(cause, ErrCancelled) || errors.Is(cause, files.ErrLost)) {
		err = cause
	}
	return h.end(err)
}

// follow writes how far the request is until it is done.
func (h *Hold) follow(done <-chan struct{}, look func() Figures, cancel context.CancelCauseFunc) {
	var p pace
	tick := time.NewTicker(h.queue.look)
	defer tick.Stop()
	lost := h.lock.Lost()
	for last := ""; ; {
		now, over := time.Now(), false
		select {
		case now = <-tick.C:
		case <-done:
			over = true
		case <-lost:
			cancel(files.ErrLost)
			lost = nil
		}
		figures := look()
		h.state.Stages, h.state.Account = figures.Stages, figures.Account
		p.take(h.state.Stages, now)
		at := h.state.Stage()
		h.state.Left = at.left()
		h.show()
		if over {
			return
		}
		if lost == nil && h.queue.loose {
			continue // it may be somebody else's by now
		}
		if h.cancelled() {
			cancel(ErrCancelled)
		}
		if name := h.state.Stage().Name; name != last || now.Sub(h.state.Beat) >= h.queue.beat {
			last = name
			_ = h.write(now) // the next one may get through; the last one tells
		}
	}
}

// Leave gives a request up that was not begun, because of an error, and returns
// that.
func (h *Hold) Leave(err error) error { return h.end(err) }

// end writes down how a request ended, and leaves it. It returns the error that
// it ended with.
func (h *Hold) end(err error) error {
	select {
	case <-h.lock.Lost(): // it may be somebody else's by now
		if !errors.Is(err, files.ErrLost) {
			err = errors.Join(err, files.ErrLost)
		}
		return err
	default:
	}
	h.state.Phase, h.state.Why, h.state.Left, h.state.Ended = Done, "", 0, time.Now().UTC()
	switch {
	case errors.Is(err, ErrCancelled):
		h.state.Phase = Cancelled
	case errors.Is(err, context.Canceled):
		h.state.Phase = Interrupted
	case err != nil:
		h.state.Phase, h.state.Error = Failed, err.Error()
	}
	return errors.Join(err, h.write(h.state.Ended), h.queue.charge(h.asked.ID, &h.state), h.lock.Close())
}
