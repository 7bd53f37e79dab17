package queue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/history/files"
	"muster/history/internal/filelock"
	"muster/history/internal/jsonfile"
)

// Queue is the requests of a work directory.
type Queue struct {
	work   string
	folder string
	// beat is how often a state is written, and look how often it is looked
	// whether it is somebody's turn, or somebody was asked to stop.
	beat, look time.Duration
}

// New returns the requests of a work directory, which need not be there yet.
func New(work string) *Queue {
	return &Queue{work: work, folder: filepath.Join(work, "requests"), beat: 2 * time.Second, look: 250 * time.Millisecond}
}

// Entry is a request as it is now.
type Entry struct {
	Asked
	State State `json:"state"`
	// Folder has what came out.
	Folder string `json:"folder"`
}

// ErrNone says that there is no such request.
var ErrNone = errors.New("there is no such request")

func (q *Queue) path(id, name string) string { return filepath.Join(q.folder, id, name) }

// List returns all requests: those that are active in their order, then the
// others, the newest first.
func (q *Queue) List(ctx context.Context) ([]*Entry, error) {
	var list []*Entry
	if err := q.needsLocks(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(q.folder); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	err := q.exclusively(ctx, func() (err error) {
		list, err = q.entries()
		return err
	})
	slices.SortFunc(list, func(a, b *Entry) int {
		switch active := a.State.Phase.Active(); {
		case active != b.State.Phase.Active():
			return map[bool]int{true: -1, false: 1}[active]
		case !active:
			return b.At.Compare(a.At)
		case a.State.Phase != b.State.Phase:
			return strings.Compare(string(a.State.Phase), string(b.State.Phase)) // running is before waiting
		}
		return a.before(&b.Asked)
	})
	return list, err
}

// Find returns the only request whose id begins so.
func (q *Queue) Find(ctx context.Context, prefix string) (*Entry, error) {
	list, err := q.List(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	var found *Entry
	for _, e := range list {
		if strings.HasPrefix(e.ID, prefix) {
			ids, found = append(ids, e.ID), e
		}
	}
	switch {
	case len(ids) == 1:
		return found, nil
	case len(list) == 0:
		return nil, fmt.Errorf("%w: %s has none", ErrNone, q.folder)
	case len(ids) == 0:
		return nil, fmt.Errorf("%w: no id in %s begins with %q; evaluator backfill list shows them", ErrNone, q.folder, prefix)
	}
	return nil, fmt.Errorf("%d requests have an id that begins with %q: %s; name one of them", len(ids), prefix, strings.Join(ids, ", "))
}

// entries reads all requests. The caller has the queue's lock.
func (q *Queue) entries() ([]*Entry, error) {
	folders, err := os.ReadDir(q.folder)
	if err != nil {
		return nil, err
	}
	var list []*Entry
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		e, err := q.entry(f.Name())
		if err != nil {
			return nil, err
		}
		if e != nil {
			list = append(list, e)
		}
	}
	return list, nil
}

// entry reads a request, nil where the folder has none. One that says that a
// process has it, and whose lock nobody has, was interrupted.
func (q *Queue) entry(id string) (*Entry, error) {
	e := &Entry{Folder: filepath.Join(q.folder, id)}
	if err := jsonfile.Read(q.path(id, "request.json"), &e.Asked, mend); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := jsonfile.Read(q.path(id, "state.json"), &e.State, mend); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if e.State.Phase.Active() || e.State.Phase == "" {
		lock, err := filelock.Try(q.path(id, "lock"))
		if err != nil {
			return nil, err
		}
		if lock != nil {
			_ = lock.Close()
			e.State.Phase = Interrupted
		}
	}
	return e, nil
}

// lockPatience is how often it is looked whether the queue's lock is free. It
// is held for some milliseconds.
const lockPatience = 5 * time.Millisecond

// needsLocks refuses a work directory without locks.
func (q *Queue) needsLocks() error {
	if !files.IsBucket(q.work) {
		return nil
	}
	return fmt.Errorf("the work directory %s: %w, by which requests wait for their turn and are looked after; "+
		"start, plan, task and gather do without, the object store's own lifecycle rules clean it, and for all else "+
		"name a folder with --work", q.work, files.ErrBucket)
}

// exclusively does something while nobody else with the queue's lock does.
func (q *Queue) exclusively(ctx context.Context, do func() error) error {
	if err := q.needsLocks(); err != nil {
		return err
	}
	if err := os.MkdirAll(q.folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of requests: %w", err)
	}
	tick := time.NewTicker(lockPatience)
	defer tick.Stop()
	for {
		lock, err := filelock.Try(filepath.Join(q.folder, "queue.lock"))
		if err != nil {
			return err
		}
		if lock != nil {
			defer lock.Close() // which unlocks it
			return do()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// mend is what to do about files of a request that can't be read.
const mend = "remove the folder of this request and ask for it again"
