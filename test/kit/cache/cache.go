// Package cache is where tests keep what they have fetched or built once: a
// folder outside the repository, MUSTER_CACHE, else .cache/muster in the home
// folder.
//
// It promises that what is there is complete, as whoever fills it does so beside
// its place and renames, and that of several test binaries that want the same
// thing at once one makes it, and the others wait.
//
// The trap: what is made may take minutes, and a test that waits for it has its
// own bounds to mind.
package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Folder returns the cache's folder, which may not be there yet.
func Folder() (string, error) {
	if folder := os.Getenv("MUSTER_CACHE"); folder != "" {
		return folder, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("looking for the cache folder: %w", err)
	}
	return filepath.Join(home, ".cache", "muster"), nil
}

// Fill returns the path of a thing in the cache. When it is not there, fill
// is called with an empty folder and says what in it is the thing.
func Fill(name string, fill func(folder string) (made string, err error)) (string, error) {
	folder, err := Folder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	unlock, err := lock(path + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	// Another test binary may have filled it while this one waited.
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, place(folder, path, fill)
}

// place has a thing made in a folder of its own, and puts it into its place.
func place(folder, path string, fill func(folder string) (made string, err error)) error {
	work, err := os.MkdirTemp(folder, "fill-")
	if err != nil {
		return fmt.Errorf("making a folder in the cache: %w", err)
	}
	defer os.RemoveAll(work)
	made, err := fill(work)
	if err != nil {
		return err
	}
	if err := os.Rename(made, path); err != nil {
		return fmt.Errorf("putting %s into the cache: %w", filepath.Base(path), err)
	}
	return nil
}

// lock waits for a lock that the kernel releases should the holder die.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a lock of the cache: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("taking a lock of the cache: %w", err)
	}
	return func() { _ = f.Close() }, nil
}
