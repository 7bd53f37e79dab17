package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/history/internal/filelock"
	"muster/history/internal/jsonfile"
)

const (
	// life is how long a lease lives that nobody has the lock of and that is not
	// written: an hour that clocks may be apart, and one in which the folder may
	// be away.
	life = 2 * time.Hour
	// rest is how long after its last task a request counts as worked on that has
	// more to be done: the next task of an array job may wait for a machine.
	rest = 24 * time.Hour
	// quiet is how long whoever works on a task may be silent and still be shown.
	quiet = time.Minute
)

// Work is what is known of a request that is worked on.
type Work struct {
	ID      string
	Holders []Holder // whose leases live
	worked
}

// Since returns when the request was begun that must find its files still, the
// zero time where nobody needs them any more.
func (w *Work) Since(now time.Time) time.Time {
	var since time.Time
	if !w.Began.IsZero() && now.Sub(w.Last) < rest {
		since = w.Began
	}
	for i := range w.Holders {
		if one := w.Holders[i].Since; since.IsZero() || one.Before(since) {
			since = one
		}
	}
	return since
}

// Busy returns who is at work as far as can be seen: of this machine's processes
// the locks tell, and of others what they wrote.
func (w *Work) Busy(now time.Time) []Holder {
	own, _ := os.Hostname() // without it, all are others
	var list []Holder
	for _, h := range w.Holders {
		if h.locked || h.Host != own && now.Sub(h.Beat) < quiet {
			list = append(list, h)
		}
	}
	return list
}

// All returns the requests of a work directory that have or had leases.
func All(dir string, now time.Time) ([]*Work, error) {
	folders, err := filepath.Glob(filepath.Join(dir, "requests", "*", folderName))
	if err != nil {
		return nil, err
	}
	var list []*Work
	for _, folder := range folders {
		w, err := Look(filepath.Dir(folder), now)
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}

// Look returns what is known of the request that has a folder.
func Look(request string, now time.Time) (w *Work, err error) {
	w = &Work{ID: filepath.Base(request)}
	folder := filepath.Join(request, folderName)
	if w.worked, err = readWorked(folder); err != nil {
		return nil, fmt.Errorf("looking who works on request %s: %w", w.ID, err)
	}
	err = each(folder, func(name string) error {
		h, err := holder(name)
		if err == nil && h != nil && h.lives(now) {
			w.Holders = append(w.Holders, *h)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking who works on request %s: %w", w.ID, err)
	}
	return w, nil
}

// Sweep removes the leases of a work directory that are dead.
func Sweep(dir string, now time.Time) error {
	folders, err := filepath.Glob(filepath.Join(dir, "requests", "*", folderName))
	for _, folder := range folders {
		err = errors.Join(err, each(folder, func(name string) error {
			h, err := holder(name)
			if err != nil || h == nil || h.lives(now) {
				return err
			}
			return errors.Join(remove(name+fileEnding), remove(name+lockEnding))
		}))
	}
	if err != nil {
		return fmt.Errorf("removing leases of what was killed: %w", err)
	}
	return nil
}

func (h *Holder) lives(now time.Time) bool { return h.locked || now.Sub(h.Beat) < life }

// each calls do with the leases of a folder: their files without the ending.
func each(folder string, do func(name string) error) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), fileEnding)
		if !ok || name == workedName {
			continue
		}
		if err := do(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// holder reads a lease, nil where it was released meanwhile.
func holder(name string) (*Holder, error) {
	h := &Holder{}
	if err := h.read(name); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	lock, err := filelock.Try(name + lockEnding)
	if err != nil {
		return nil, err
	}
	if lock == nil {
		h.locked = true
		return h, nil
	}
	defer lock.Close()
	// It may have been released, and then the lock's file was made just now.
	if err := h.read(name); errors.Is(err, fs.ErrNotExist) {
		return nil, remove(name + lockEnding)
	} else if err != nil {
		return nil, err
	}
	return h, nil
}

func (h *Holder) read(name string) error {
	return jsonfile.Read(name+fileEnding, h, "remove it, if nobody works on the request")
}
