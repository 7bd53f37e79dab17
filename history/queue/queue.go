package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/history/files"
	"muster/history/internal/jsonfile"
	"muster/history/lease"
)

// Place is where the work directory is: a files.Folder or a *files.Bucket.
type Place interface {
	lease.Place
	// RemoveAll removes a folder with all that is in it.
	RemoveAll(folder string) error
}

// Queue is the requests of a work directory.
type Queue struct {
	work  string // its location
	place Place
	// beat is how often a state is written, and look how often it is looked
	// whether it is somebody's turn, or somebody was asked to stop.
	beat, look time.Duration
	// lockPatience is how often it is looked whether the queue's lock is free.
	lockPatience time.Duration
	// ended bounds the orders that are remembered.
	ended int
	// loose says that whoever looks whether a lock is had takes it from nobody, so
	// that nobody has to be kept from it meanwhile.
	loose bool
}

// New returns the requests of a work directory that is a folder, which need not be
// there yet.
func New(dir string) *Queue { return In(dir, files.Folder{Dir: dir, Mode: 0o644}) }

// In returns the requests of a work directory that has a location. In a bucket what
// is looked at costs a call, so it is looked at less often.
func In(location string, p Place) *Queue {
	q := &Queue{
		work: location, place: p, beat: 2 * time.Second, look: 250 * time.Millisecond, lockPatience: 5 * time.Millisecond, ended: maxEndedOrders,
	}
	if files.IsBucket(location) {
		q.beat, q.look, q.lockPatience, q.ended, q.loose = 10*time.Second, 2*time.Second, 100*time.Millisecond, maxEndedOrders/10, true
	}
	return q
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

// requests is the folder of all requests.
const requests = "requests"

// path is the name of a file of a request.
func (q *Queue) path(id, name string) string { return path.Join(requests, id, name) }

// locate says where something is, for people.
func (q *Queue) locate(name string) string {
	if files.IsBucket(q.work) {
		return strings.TrimSuffix(q.work, "/") + "/" + name
	}
	return filepath.Join(q.work, filepath.FromSlash(name))
}

// read reads a file into a value.
func (q *Queue) read(name string, value any, mend string) error {
	return jsonfile.ReadFrom(q.place, name, q.locate(name), value, mend)
}

// write replaces a file by one that holds a value.
func (q *Queue) write(name string, value any) error {
	return q.place.Write(name, files.Replace, func(out io.Writer) error { return jsonfile.Encode(out, value) })
}

// List returns all requests: those that are active in their order, then the
// others, the newest first.
func (q *Queue) List(ctx context.Context) ([]*Entry, error) {
	var list []*Entry
	if names, err := q.place.Folders(requests); len(names) == 0 || err != nil {
		return nil, err
	}
	err := q.undisturbed(ctx, func() (err error) {
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
		return nil, fmt.Errorf("%w: %s has none", ErrNone, q.locate(requests))
	case len(ids) == 0:
		return nil, fmt.Errorf("%w: no id in %s begins with %q; evaluator backfill list shows them", ErrNone, q.locate(requests), prefix)
	}
	return nil, fmt.Errorf("%d requests have an id that begins with %q: %s; name one of them", len(ids), prefix, strings.Join(ids, ", "))
}

// readAtOnce bounds the requests that are read at a time: in a bucket each takes a
// few calls.
const readAtOnce = 16

// entries reads all requests. The caller is undisturbed.
func (q *Queue) entries() ([]*Entry, error) {
	ids, err := q.place.Folders(requests)
	if err != nil {
		return nil, err
	}
	all := make([]*Entry, len(ids))
	group := errgroup.Group{}
	group.SetLimit(readAtOnce)
	for i, id := range ids {
		group.Go(func() (err error) {
			all[i], err = q.entry(id)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(e *Entry) bool { return e == nil }), nil
}

// entry reads a request, nil where the folder has none. One that says that a
// process has it, and whose lock nobody has, was interrupted.
func (q *Queue) entry(id string) (*Entry, error) {
	e := &Entry{Folder: q.locate(path.Join(requests, id))}
	if err := q.read(q.path(id, "request.json"), &e.Asked, mend); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := q.readState(id, e); err != nil || !e.active() {
		return e, err
	}
	locked, err := q.place.Locked(q.path(id, "lock"))
	if err != nil || locked {
		return e, err
	}
	// Where nobody is kept from it, it may have ended just now.
	if err := q.readState(id, e); err != nil {
		return nil, err
	}
	if e.active() {
		e.State.Phase = Interrupted
	}
	return e, nil
}

// active reports whether a request says that a process has it.
func (e *Entry) active() bool { return e.State.Phase.Active() || e.State.Phase == "" }

func (q *Queue) readState(id string, e *Entry) error {
	e.State = State{}
	if err := q.read(q.path(id, "state.json"), &e.State, mend); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// undisturbed does something that only reads, while no lock is taken that it looks
// at.
func (q *Queue) undisturbed(ctx context.Context, do func() error) error {
	if q.loose {
		return do()
	}
	return q.exclusively(ctx, do)
}

// exclusively does something while nobody else with the queue's lock does, for as
// long as some files take to be read and written.
func (q *Queue) exclusively(ctx context.Context, do func() error) error {
	tick := time.NewTicker(q.lockPatience)
	defer tick.Stop()
	for {
		lock, err := q.place.TryLock(path.Join(requests, "queue.lock"))
		if err != nil {
			return err
		}
		if lock != nil {
			err := do()
			select {
			case <-lock.Lost():
				return errors.Join(err, files.ErrLost)
			default:
				return errors.Join(err, lock.Close())
			}
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
