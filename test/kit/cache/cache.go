// Package cache keeps what tests fetch from elsewhere, so that it is fetched
// once: MUSTER_CACHE, else .cache/muster in the home folder.
//
// It promises that a folder which is there is complete, however many processes
// fill it at once and wherever one is stopped.
//
// The trap: what is there is never looked at again. A name has to say all of
// what is in the folder, its version above all.
package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Folder returns the path of the folder of a name. If there is none, fill is
// given an empty folder to fill, which then gets that name.
func Folder(name string, fill func(folder string) error) (string, error) {
	root, err := root()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(root, name)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	work, err := os.MkdirTemp(root, "download-")
	if err != nil {
		return "", fmt.Errorf("making a folder in the cache: %w", err)
	}
	defer os.RemoveAll(work)
	filled := filepath.Join(work, "filled")
	if err := os.Mkdir(filled, 0o755); err != nil {
		return "", fmt.Errorf("making a folder in the cache: %w", err)
	}
	if err := fill(filled); err != nil {
		return "", err
	}
	// Another process may have been faster.
	if err := os.Rename(filled, folder); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("keeping %s in the cache: %w", name, err)
	}
	return folder, nil
}

func root() (string, error) {
	if folder := os.Getenv("MUSTER_CACHE"); folder != "" {
		return folder, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("looking for the cache folder: %w", err)
	}
	return filepath.Join(home, ".cache", "muster"), nil
}
