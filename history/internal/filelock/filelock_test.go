package filelock

import (
	"path/filepath"
	"testing"
)

// One has a lock alone, or many share it, and closing the file gives it up.
func TestLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	own, err := Try(path)
	if err != nil || own == nil {
		t.Fatal(own, err)
	}
	if other, err := Try(path); other != nil || err != nil {
		t.Fatal("two have it", err)
	}
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		shared, err := Shared(path)
		if err != nil {
			t.Fatal(err)
		}
		defer shared.Close()
	}
	if other, err := Try(path); other != nil || err != nil {
		t.Fatal("it is shared, and somebody has it alone", err)
	}
	if _, err := Try(filepath.Join(path, "below", "a file")); err == nil {
		t.Error("a lock that can't be made is had")
	}
}
