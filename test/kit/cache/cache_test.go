package cache_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"muster/test/kit/cache"
)

func TestFillMakesOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	t.Setenv("MUSTER_CACHE", folder)
	made := 0
	broken := errors.New("broken")
	if _, err := cache.Fill("thing", func(string) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("what fails is told as %v", err)
	}
	for range 2 {
		path, err := cache.Fill("thing", func(work string) (string, error) {
			made++
			path := filepath.Join(work, "inside")
			return path, os.WriteFile(path, []byte("x"), 0o600)
		})
		if err != nil || path != filepath.Join(folder, "thing") {
			t.Fatalf("%s, %v", path, err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "x" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if entries, err := os.ReadDir(folder); made != 1 || err != nil || len(entries) != 2 { // it and its lock
		t.Errorf("made %d times, and the cache has %v, %v", made, entries, err)
	}
}

// Of several that want the same thing at once, one makes it.
func TestFillMakesOnceForAll(t *testing.T) {
	t.Setenv("MUSTER_CACHE", t.TempDir())
	var made atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			path, err := cache.Fill("thing", func(work string) (string, error) {
				made.Add(1)
				path := filepath.Join(work, "inside")
				return path, os.WriteFile(path, nil, 0o600)
			})
			if err != nil {
				t.Errorf("%s, %v", path, err)
			}
		})
	}
	if group.Wait(); made.Load() != 1 {
		t.Errorf("it was made %d times", made.Load())
	}
}
