package lease

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"muster/history/internal/filelock"
	"muster/history/internal/jsonfile"
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

// Lease is a task that this process does, until it is released.
type Lease struct {
	folder string
	name   string // of its files, without their endings
	lock   *os.File
	holder Holder
	look   func() Done
	stop   func()
}

// Take notes that this process does a task of the request that has a folder.
// look tells how far it is and may be called until the lease is released.
func Take(request string, t Task, look func() Done) (*Lease, error) {
	l, err := take(request, t, look, beatEvery)
	if err != nil {
		return nil, fmt.Errorf("noting that %s task %d is being done: %w", t.Stage, t.Index, err)
	}
	return l, nil
}

func take(request string, t Task, look func() Done, every time.Duration) (*Lease, error) {
	now := time.Now().UTC()
	l := &Lease{folder: filepath.Join(request, folderName), look: look}
	if err := os.MkdirAll(l.folder, 0o755); err != nil {
		return nil, err
	}
	l.holder = Holder{Task: t, PID: os.Getpid(), Since: now, Began: now}
	l.holder.Host, _ = os.Hostname() // it is only shown
	err := change(l.folder, func(w *worked) {
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

// lockName finds a name that nobody has, and locks it.
func (l *Lease) lockName() error {
	file, err := os.CreateTemp(l.folder, fmt.Sprintf("%s-%d-*%s", l.holder.Stage, l.holder.Index, lockEnding))
	if err != nil {
		return err
	}
	l.name = file.Name()[:len(file.Name())-len(lockEnding)]
	if err := file.Close(); err != nil {
		return err
	}
	// Nobody looks at a lock that has no lease beside it, so it is free.
	if l.lock, err = filelock.Exclusive(l.name + lockEnding); err != nil {
		return errors.Join(err, os.Remove(l.name+lockEnding))
	}
	return nil
}

const (
	lockEnding = ".lock"
	fileEnding = ".json"
)

// beat writes that the process is there.
func (l *Lease) beat(now time.Time) error {
	l.holder.Beat, l.holder.Done = now, l.look()
	return jsonfile.Write(l.name+fileEnding, &l.holder)
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
		err = forget(l.folder)
	} else {
		now := time.Now().UTC()
		err = change(l.folder, func(w *worked) {
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
	return errors.Join(remove(l.name+fileEnding), remove(l.name+lockEnding), l.lock.Close())
}
