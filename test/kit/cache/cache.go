// Package cache is where tests keep what they have fetched or built once: a
// folder outside the repository, MUSTER_CACHE, else .cache/muster in the home
// folder.
//
// The trap: several test binaries may want the same thing at once. Whoever
// fills the cache does so beside its place and renames, so that what is there
// is complete.
package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	work, err := os.MkdirTemp(folder, "fill-")
	if err != nil {
		return "", fmt.Errorf("making a folder in the cache: %w", err)
	}
	defer os.RemoveAll(work)
	made, err := fill(work)
	if err != nil {
		return "", err
	}
	// Another test binary may have been faster.
	if err := os.Rename(made, path); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("putting %s into the cache: %w", name, err)
	}
	return path, nil
}
