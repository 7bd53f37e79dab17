package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"muster/history/internal/filelock"
)

// folderLock is a lock of the kernel.
type folderLock struct{ file *os.File }

// Lost implements Lock: the kernel takes a lock back only when the process ends.
func (folderLock) Lost() <-chan struct{} { return nil }

// Close gives the lock up.
func (l folderLock) Close() error { return l.file.Close() }

// TryLock takes the lock of a name, and returns nil where somebody has it.
func (f Folder) TryLock(name string) (Lock, error) {
	path := f.Path(name)
	file, err := filelock.Try(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		file, err = filelock.Try(path)
	}
	if err != nil || file == nil {
		return nil, err
	}
	return folderLock{file}, nil
}

// Alive reports whether somebody has the lock of a name. It is as Locked.
func (f Folder) Alive(name string) (bool, error) { return f.Locked(name) }

// Locked reports whether somebody has the lock of a name. While it looks nobody
// else can take it, so that whoever does must be kept from it meanwhile.
func (f Folder) Locked(name string) (bool, error) {
	lock, err := f.TryLock(name)
	if err != nil || lock == nil {
		return err == nil, err
	}
	return false, lock.Close()
}
