package cache

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestFolderIsFilledOnce(t *testing.T) {
	root := filepath.Join(t.TempDir(), "cache")
	t.Setenv("MUSTER_CACHE", root)
	broken := errors.New("no network")
	filled := 0
	fill := func(folder string) error {
		filled++
		if filled == 1 {
			return errors.Join(os.WriteFile(filepath.Join(folder, "half"), nil, 0o600), broken)
		}
		return os.WriteFile(filepath.Join(folder, "whole"), nil, 0o600)
	}
	if _, err := Folder("tool-1", fill); !errors.Is(err, broken) {
		t.Errorf("the error is %v, want that of fill", err)
	}
	for range 2 {
		folder, err := Folder("tool-1", fill)
		if err != nil || folder != filepath.Join(root, "tool-1") {
			t.Fatalf("the folder is %q, %v", folder, err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) != 1 || entries[0].Name() != "whole" {
			t.Errorf("in it are %v, %v, want what the second call has put there", entries, err)
		}
	}
	if filled != 2 {
		t.Errorf("it was filled %d times, want 2: one failed, and the third had no need to", filled)
	}
	left, err := os.ReadDir(root)
	if err != nil || len(left) != 1 {
		t.Errorf("in the cache are %v, %v, want the folder alone", left, err)
	}
}

// TestFolderThatAnotherHasFilled: the first of two wins, and both have it.
func TestFolderThatAnotherHasFilled(t *testing.T) {
	t.Setenv("MUSTER_CACHE", t.TempDir())
	mark := func(folder, who string) error { return os.WriteFile(filepath.Join(folder, who), nil, 0o600) }
	folder, err := Folder("tool-1", func(own string) error {
		if _, err := Folder("tool-1", func(other string) error { return mark(other, "first") }); err != nil {
			return err
		}
		return mark(own, "second")
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "first")); err != nil {
		t.Errorf("what was there first is gone: %v", err)
	}
}
