// Package repository tells tests where the repository is, by the folder that go
// test runs them in. The paths that a compiler leaves in a program don't say: with
// -trimpath there are none.
//
// It promises the folder with the go.mod that is nearest above.
//
// The trap: who has changed the working directory is told of another repository, or
// of none.
package repository

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Root returns the root of the repository.
func Root() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("looking for the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		above := filepath.Dir(folder)
		if above == folder {
			return "", errors.New("looking for the repository: no go.mod is above the working directory")
		}
		folder = above
	}
}

// Read returns the text of a file, by its path from the root on.
func Read(t testing.TB, path string) string {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
