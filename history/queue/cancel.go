package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"muster/history/files"
)

// ErrEnded says that a request has ended before it could be cancelled.
var ErrEnded = errors.New("there is nothing to stop")

// cancelFile is there while a request is asked to stop.
const cancelFile = "cancel"

// Cancel asks for a request to be stopped, and returns it as it was then. The
// process that has it, on whichever machine, stops at its next look. One that
// was interrupted is cancelled at once. What has ended can't be cancelled.
func (q *Queue) Cancel(ctx context.Context, id string) (e *Entry, err error) {
	err = q.exclusively(ctx, func() error {
		if e, err = q.entry(id); err != nil {
			return err
		}
		switch {
		case e == nil:
			return ErrNone
		case e.State.Phase.Active():
			return q.place.Write(q.path(id, cancelFile), files.Replace, func(io.Writer) error { return nil })
		case e.State.Phase == Interrupted:
			cancelled := e.State
			cancelled.Phase, cancelled.Ended = Cancelled, time.Now().UTC()
			return q.write(q.path(id, "state.json"), &cancelled)
		}
		return fmt.Errorf("it is %s; %w", e.State.Phase, ErrEnded)
	})
	if err != nil {
		return e, fmt.Errorf("cancelling request %s: %w", id, err)
	}
	return e, nil
}

// Await waits until no process has a request, and returns it as it is then.
func (q *Queue) Await(ctx context.Context, id string) (*Entry, error) {
	tick := time.NewTicker(q.look)
	defer tick.Stop()
	for {
		e, err := q.Find(ctx, id)
		if err != nil || !e.State.Phase.Active() {
			return e, err
		}
		select {
		case <-ctx.Done():
			return e, ctx.Err()
		case <-tick.C:
		}
	}
}
