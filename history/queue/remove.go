package queue

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"muster/history/internal/filelock"
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
		if may, err := e.removable(before); err != nil {
			return list, err
		} else if !may {
			continue
		}
		bytes, err := size(e.Folder)
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
func (e *Entry) removable(before time.Time) (bool, error) {
	if e.State.Phase != Done || !e.State.Ended.Before(before) {
		return false, nil
	}
	now := time.Now()
	work, err := lease.Look(e.Folder, now)
	return err == nil && work.Since(now).IsZero(), err
}

// removeFree removes a request that nobody has, and nobody had meanwhile. The
// caller has the queue's lock, so nobody takes it.
func (q *Queue) removeFree(id string, before time.Time) error {
	e, err := q.entry(id)
	if err != nil || e == nil {
		return err
	}
	if may, err := e.removable(before); err != nil || !may {
		return err
	}
	lock, err := filelock.Try(q.path(id, "lock"))
	if err != nil {
		return err
	}
	if lock == nil {
		return nil
	}
	defer lock.Close()
	return os.RemoveAll(q.path(id, ""))
}

// size is what the files of a folder take, in bytes.
func size(folder string) (bytes int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		bytes += info.Size()
		return nil
	})
	return bytes, err
}
