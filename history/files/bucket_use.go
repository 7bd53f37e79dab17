package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

// CleanLock is what whoever cleans has. A file that was found while somebody
// cleaned may be gone when that is over.
const CleanLock = "clean.lock"

const (
	// usedFolder has an empty file for each file that was used long after it was
	// written, under its name.
	usedFolder = "used"
	stampEvery = 24 * time.Hour
	// cleanLook is how often it is looked whether a cleaning is over.
	cleanLook = 500 * time.Millisecond
)

// Stamping is how much longer ago than it was last stamped a file may have been used.
func (b *Bucket) Stamping() time.Duration { return b.stamp }

// Use reports whether a file is there, and if it is, notes that it is used, by a
// stamp beside it, as a file that is written anew would be another one to those who
// read it. One that was written or stamped within a day is not stamped again.
//
// Whoever cleans reads the stamps behind taking CleanLock. So a stamp that is there
// by then is seen; and who writes one later, or finds one that may be later, waits here
// until the cleaning is over, and then looks whether the file is there still.
func (b *Bucket) Use(name string) (there bool, err error) {
	there, fresh, err := b.fresh(name)
	if err != nil || !there || fresh {
		return there, err
	}
	stamp := path.Join(usedFolder, name)
	if _, fresh, err := b.fresh(stamp); err != nil {
		return false, err
	} else if !fresh {
		if err := b.Write(stamp, Replace, func(io.Writer) error { return nil }); err != nil {
			return false, fmt.Errorf("noting that %s is used: %w", name, err)
		}
	}
	if err := b.cleaned(); err != nil {
		return false, err
	}
	there, _, err = b.fresh(name)
	return there, err
}

// cleaned waits until nobody cleans.
func (b *Bucket) cleaned() error {
	for {
		locked, err := b.Locked(CleanLock)
		if err != nil || !locked {
			return err
		}
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(cleanLook):
		}
	}
}

// fresh reports whether a file is there, and was written within the time in which
// it is not stamped, by the clock of the server.
func (b *Bucket) fresh(name string) (there, fresh bool, err error) {
	file, err := b.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	o := file.(*object)
	return true, o.asked.Sub(o.modified) < b.stamp, file.Close()
}

// Stamps returns when files were last stamped as used, by their names.
func (b *Bucket) Stamps() (map[string]time.Time, error) {
	stamps := map[string]time.Time{}
	err := b.List(usedFolder, func(i Info) error {
		stamps[i.Name[len(usedFolder)+1:]] = i.Modified
		return nil
	})
	return stamps, err
}

// Unstamp forgets that a file was used.
func (b *Bucket) Unstamp(name string) error { return b.Remove(path.Join(usedFolder, name)) }
