package history

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"muster/history/internal/filelock"
)

// useLock keeps Clean from removing what somebody has just found. Who finds
// shares it; Clean has it alone while it removes.
func (w work) useLock() string { return filepath.Join(w.dir, "use.lock") }

// use reports whether a file is there, and if it is, notes that it is used: its
// time of modification is when it was made or last used, by which Clean
// judges. A file of somebody else's stays as it is.
func (w work) use(path string) (there bool, err error) {
	if there, err = exists(path); !there || err != nil {
		return false, err
	}
	lock, err := filelock.Shared(w.useLock())
	if err != nil {
		return false, err
	}
	defer lock.Close()
	now := time.Now()
	switch err = os.Chtimes(path, now, now); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, fs.ErrPermission):
		return exists(path)
	}
	return err == nil, err
}
