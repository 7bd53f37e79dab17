package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/history/files"
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
func All(p Place, now time.Time) ([]*Work, error) {
	requests, err := p.Folders("requests")
	if err != nil {
		return nil, err
	}
	var list []*Work
	for _, request := range requests {
		w, err := Look(p, request, now)
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}

// Look returns what is known of a request.
func Look(p Place, request string, now time.Time) (w *Work, err error) {
	w = &Work{ID: request}
	folder := folderOf(request)
	if w.worked, err = readWorked(p, folder); err != nil {
		return nil, fmt.Errorf("looking who works on request %s: %w", w.ID, err)
	}
	err = each(p, folder, func(_ string, h *Holder) error {
		if h.lives(now) {
			w.Holders = append(w.Holders, *h)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking who works on request %s: %w", w.ID, err)
	}
	return w, nil
}

// Sweep removes the leases of a work directory that are dead.
func Sweep(p Place, now time.Time) error {
	requests, err := p.Folders("requests")
	for _, request := range requests {
		err = errors.Join(err, each(p, folderOf(request), func(name string, h *Holder) error {
			if h.lives(now) {
				return nil
			}
			return errors.Join(p.Remove(name+fileEnding), p.Remove(name+lockEnding))
		}))
	}
	if err != nil {
		return fmt.Errorf("removing leases of what was killed: %w", err)
	}
	return nil
}

func (h *Holder) lives(now time.Time) bool { return h.locked || now.Sub(h.Beat) < life }

// lookAtOnce bounds the leases that are read at a time: in a bucket each takes a
// few calls.
const lookAtOnce = 16

// each calls do with the leases of a folder, and with their files without the
// ending, in the order of these.
func each(p Place, folder string, do func(name string, h *Holder) error) error {
	var names []string
	err := p.List(folder, func(i files.Info) error {
		if name, ok := strings.CutSuffix(i.Name, fileEnding); ok && path.Base(name) != workedName {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	holders := make([]*Holder, len(names))
	group := errgroup.Group{}
	group.SetLimit(lookAtOnce)
	for i, name := range names {
		group.Go(func() (err error) {
			holders[i], err = holder(p, name)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, h := range holders {
		if h == nil {
			continue
		}
		if err := do(names[i], h); err != nil {
			return err
		}
	}
	return nil
}

// holder reads a lease, nil where it was released meanwhile.
func holder(p Place, name string) (*Holder, error) {
	h := &Holder{}
	if err := h.read(p, name); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	locked, err := p.Locked(name + lockEnding)
	if err != nil {
		return nil, err
	}
	if locked {
		h.locked = true
		return h, nil
	}
	// It may have been released, and then the lock's file was made just now.
	if err := h.read(p, name); errors.Is(err, fs.ErrNotExist) {
		return nil, p.Remove(name + lockEnding)
	} else if err != nil {
		return nil, err
	}
	return h, nil
}

func (h *Holder) read(p Place, name string) error {
	return read(p, name+fileEnding, h, "remove it, if nobody works on the request")
}
