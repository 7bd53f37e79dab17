package files

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"muster/history/internal/filelock"
)

// writeBuffer is the memory of one file that is being written, in bytes.
const writeBuffer = 256 << 10

// Folder keeps files below a folder. What a kill leaves behind has a name that
// ends in .part. Of two that write the same file at a time the last one counts.
type Folder struct {
	// Dir is where the folder is. It is made where there is none.
	Dir string
	// Mode is the permissions of files that are written; 0 for those of the user
	// alone.
	Mode fs.FileMode
}

// Path is where a file is.
func (f Folder) Path(name string) string { return filepath.Join(f.Dir, filepath.FromSlash(name)) }

// folderFile is a File of a Folder.
type folderFile struct {
	*os.File
	size     int64
	modified time.Time
}

// Size implements File.
func (f *folderFile) Size() int64 { return f.size }

// Modified implements File.
func (f *folderFile) Modified() time.Time { return f.modified }

// Open opens a file. The error is fs.ErrNotExist where there is none.
func (f Folder) Open(name string) (File, error) {
	file, err := os.Open(f.Path(name))
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("opening %s: it is a folder", file.Name())
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &folderFile{file, info.Size(), info.ModTime()}, nil
}

// Read reads a whole file that is small. The error is fs.ErrNotExist where there is
// none.
func (f Folder) Read(name string) ([]byte, error) { return os.ReadFile(f.Path(name)) }

// Write makes a file of what write writes, under another name until it is
// whole. It replaces one that is there, which does no harm in either mode:
// whoever has that open reads on in it.
func (f Folder) Write(name string, _ Mode, write func(io.Writer) error) (err error) {
	path := f.Path(name)
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	file, err := createPart(path)
	if err != nil {
		return err
	}
	if f.Mode != 0 {
		err = file.Chmod(f.Mode)
	}
	buffer := bufio.NewWriterSize(file, writeBuffer)
	if err == nil {
		err = write(buffer)
	}
	if err := errors.Join(err, buffer.Flush(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}

// createPart creates the file that is written in the place of another, and the
// folder where there is none.
func createPart(path string) (*os.File, error) {
	folder, pattern := filepath.Dir(path), filepath.Base(path)+".*.part"
	file, err := os.CreateTemp(folder, pattern)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return os.CreateTemp(folder, pattern)
}

// Remove removes a file, if it is there.
func (f Folder) Remove(name string) error {
	if err := os.Remove(f.Path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// List visits the files below a folder, in the order of their names. Parts of
// files are none.
func (f Folder) List(folder string, visit func(Info) error) error {
	return filepath.WalkDir(f.Path(folder), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".part") {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was cleaned away
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(f.Dir, path)
		if err != nil {
			return err
		}
		return visit(Info{filepath.ToSlash(name), info.Size(), info.ModTime()})
	})
}

// Folders returns the names of the folders in a folder, in their order.
func (f Folder) Folders(folder string) ([]string, error) {
	entries, err := os.ReadDir(f.Path(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// RemoveAll removes a folder with all that is in it.
func (f Folder) RemoveAll(folder string) error { return os.RemoveAll(f.Path(folder)) }

// Replace has a folder be what write makes, or stay as it is. Of two that do so
// at the same time one is left, and it is as good as the other.
func (f Folder) Replace(name string, write func(dir string) error) error {
	path := f.Path(name)
	part, err := makePart(path)
	if err != nil {
		return err
	}
	if err := write(part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	err = os.Rename(part, path)
	if _, gone := os.Stat(path); err != nil && gone == nil {
		return os.RemoveAll(part)
	}
	return err
}

// makePart makes a folder that is written in the place of another.
func makePart(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	part, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return "", err
	}
	return part, os.Chmod(part, 0o755)
}

// UseLock keeps whoever cleans from removing what somebody has just found. Who
// finds shares it; who cleans has it alone while it removes.
func (f Folder) UseLock() string { return filepath.Join(f.Dir, "use.lock") }

// Use reports whether a file is there, and if it is, notes that it is used: its
// time of modification is when it was made or last used, by which it is
// cleaned. A file of somebody else's stays as it is.
func (f Folder) Use(name string) (there bool, err error) {
	path := f.Path(name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	lock, err := filelock.Shared(f.UseLock())
	if err != nil {
		return false, err
	}
	defer lock.Close()
	now := time.Now()
	switch err = os.Chtimes(path, now, now); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, fs.ErrPermission):
		_, err = os.Stat(path)
		return err == nil, err
	}
	return err == nil, err
}
