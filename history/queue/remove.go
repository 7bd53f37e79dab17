package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/history/files"
	"muster/history/lease"
)

// Removed is a request that was removed with its results.
type Removed struct {
	ID    string `json:"id"`
	Bytes int64  `json:"bytes"`
}

// Remove removes requests that were done before an instant, with their results.
// A dry run only tells which. Others can be gone on with.
func (q *Queue) Remove(ctx context.Context, before time.Time, dryRun bool) (list []Removed, err error) {
	all, err := q.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range all {
		if may, err := q.removable(e, before); err != nil {
			return list, err
		} else if !may {
			continue
		}
		bytes, err := q.size(e.ID)
		if err != nil {
			return list, fmt.Errorf("removing request %s: %w", e.ID, err)
		}
		if !dryRun {
			if err := q.exclusively(ctx, func() error { return q.removeFree(e.ID, before) }); err != nil {
				return list, fmt.Errorf("removing request %s: %w", e.ID, err)
			}
		}
		list = append(list, Removed{e.ID, bytes})
	}
	return list, nil
}

// removable reports whether a request was done before an instant, and nobody does
// tasks of it anew.
func (q *Queue) removable(e *Entry, before time.Time) (bool, error) {
	if e.State.Phase != Done || !e.State.Ended.Before(before) {
		return false, nil
	}
	now := time.Now()
	work, err := lease.Look(q.place, e.ID, now)
	return err == nil && work.Since(now).IsZero(), err
}

// removeFree removes a request that nobody has, and nobody had meanwhile. The
// caller has the queue's lock, so nobody takes it.
func (q *Queue) removeFree(id string, before time.Time) error {
	e, err := q.entry(id)
	if err != nil || e == nil {
		return err
	}
	if may, err := q.removable(e, before); err != nil || !may {
		return err
	}
	lock, err := q.place.TryLock(q.path(id, "lock"))
	if err != nil || lock == nil {
		return err
	}
	// What says that there is a request goes first: what a kill leaves is none.
	return errors.Join(q.place.Remove(q.path(id, "request.json")), lock.Close(), q.place.RemoveAll(q.path(id, "")))
}

// size is what the files of a request take, in bytes.
func (q *Queue) size(id string) (bytes int64, err error) {
	err = q.place.List(q.path(id, ""), func(i files.Info) error {
		bytes += i.Size
		return nil
	})
	return bytes, err
}
