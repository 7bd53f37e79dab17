package lease

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sync"
	"time"

	"muster/history/files"
)

const (
	folderName = "leases"
	// beatEvery is how often whoever has a lease writes that it is there.
	beatEvery = 10 * time.Second
)

// Task is what is done under a lease.
type Task struct {
	Stage  string `json:"stage"`
	Index  int    `json:"index"`
	Piece  int    `json:"piece,omitempty"` // of so many
	Pieces int    `json:"pieces,omitempty"`
}

// Done is how far a task is.
type Done struct {
	Bytes int64 `json:"bytes,omitempty"` // of the archive, read or found to be read before
	Rows  int64 `json:"rows,omitempty"`  // replayed
}

// Holder is who does a task, as the lease's file has it.
type Holder struct {
	Task
	Done
	PID  int    `json:"pid"`
	Host string `json:"host"`
	// Since is when the first task of the request began, Began when this one did,
	// and Beat when its process last wrote this.
	Since time.Time `json:"since"`
	Began time.Time `json:"began"`
	Beat  time.Time `json:"beat"`

	locked bool // somebody has the lock now
}

// Place is the work directory: a files.Folder or a *files.Bucket.
type Place interface {
	reader
	writer
	catalog
	locker
}

type reader interface {
	Open(name string) (files.File, error)
	// Read reads a file that is small.
	Read(name string) ([]byte, error)
}

type writer interface {
	Write(name string, mode files.Mode, write func(io.Writer) error) error
	Remove(name string) error
}

type catalog interface {
	List(folder string, visit func(files.Info) error) error
	Folders(folder string) ([]string, error)
}

type locker interface {
	// TryLock takes the lock of a name, nil where somebody has it.
	TryLock(name string) (files.Lock, error)
	// Locked reports whether somebody has it, and Alive whether somebody who is
	// there has it, which may take a while to be known.
	Locked(name string) (bool, error)
	Alive(name string) (bool, error)
}

// Lease is a task that this process does, until it is released.
type Lease struct {
	place  Place
	folder string
	name   string // of its files, without their endings
	lock   files.Lock
	holder Holder
	look   func() Done
	stop   func()
}

// Take notes that this process does a task of a request. look tells how far it is
// and may be called until the lease is released.
func Take(p Place, request string, t Task, look func() Done) (*Lease, error) {
	l, err := take(p, request, t, look, beatEvery)
	if err != nil {
		return nil, fmt.Errorf("noting that %s task %d is being done: %w", t.Stage, t.Index, err)
	}
	return l, nil
}

func take(p Place, request string, t Task, look func() Done, every time.Duration) (*Lease, error) {
	now := time.Now().UTC()
	l := &Lease{place: p, folder: folderOf(request), look: look}
	l.holder = Holder{Task: t, PID: os.Getpid(), Since: now, Began: now}
	l.holder.Host, _ = os.Hostname() // it is only shown
	err := change(p, l.folder, func(w *worked) {
		if w.Began.IsZero() {
			w.Began = now
		}
		w.Last = now
		l.holder.Since = w.Began
	})
	if err != nil {
		return nil, err
	}
	if err := l.lockName(); err != nil {
		return nil, err
	}
	if err := l.beat(now); err != nil {
		return nil, errors.Join(err, l.drop())
	}
	l.keep(every)
	return l, nil
}

// folderOf is where the leases of a request are.
func folderOf(request string) string { return path.Join("requests", request, folderName) }

// lockName takes a name that nobody has, and locks it. Nobody looks at a lock that
// has no lease beside it, so it is free.
func (l *Lease) lockName() (err error) {
	l.name = path.Join(l.folder, prefixOf(l.holder.Task)+rand.Text())
	if l.lock, err = l.place.TryLock(l.name + lockEnding); err == nil && l.lock == nil {
		err = fmt.Errorf("%s is somebody else's", l.name)
	}
	return err
}

const (
	lockEnding = ".lock"
	fileEnding = ".json"
)

// beat writes that the process is there.
func (l *Lease) beat(now time.Time) error {
	l.holder.Beat, l.holder.Done = now, l.look()
	return write(l.place, l.name+fileEnding, &l.holder)
}

// keep writes it again and again, until stop is called.
func (l *Lease) keep(every time.Duration) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				_ = l.beat(now.UTC()) // the next one may get through
			}
		}
	}()
	l.stop = sync.OnceFunc(func() {
		close(done)
		<-gone
	})
}

// Release gives the lease up. finished says that nothing of the request is left
// to do, so that what it used may be cleaned away.
func (l *Lease) Release(finished bool) error {
	l.stop()
	var err error
	if finished {
		err = forget(l.place, l.folder)
	} else {
		now := time.Now().UTC()
		err = change(l.place, l.folder, func(w *worked) {
			if w.Began.IsZero() {
				w.Began = l.holder.Since
			}
			w.Last = now
		})
	}
	if err := errors.Join(err, l.drop()); err != nil {
		return fmt.Errorf("noting that %s task %d is over: %w", l.holder.Stage, l.holder.Index, err)
	}
	return nil
}

// drop removes the lease's files, the one that others look for first.
func (l *Lease) drop() error {
	return errors.Join(l.place.Remove(l.name+fileEnding), l.lock.Close(), l.place.Remove(l.name+lockEnding))
}
