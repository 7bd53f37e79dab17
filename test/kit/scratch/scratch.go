// Package scratch has the temporary folders of a package's tests in memory,
// where the machine has room for it. It is for tests that write thousands of
// small files and have each reach the disk: that took half of their CPU and most
// of their time.
//
// It promises nothing but speed: without such room the folders are where they
// are for other tests.
//
// The trap: what the tests leave behind takes memory, not disk.
package scratch

import (
	"os"
	"syscall"
	"testing"
)

const (
	inMemory = "/dev/shm"
	room     = 2 << 30 // bytes that must be free there; a container's default is 64 MiB in all
)

// Main runs the tests of a package and returns their exit code. A TestMain that
// uses it is os.Exit(scratch.Main(m)).
func Main(m *testing.M) int {
	if os.Getenv("TMPDIR") != "" || free(inMemory) < room {
		return m.Run()
	}
	folder, err := os.MkdirTemp(inMemory, "muster-")
	if err != nil {
		return m.Run()
	}
	defer os.RemoveAll(folder)
	if err := os.Setenv("TMPDIR", folder); err != nil {
		panic(err) // can't be: the name is right
	}
	return m.Run()
}

// free returns how many bytes a file system that is kept in memory has left; 0
// where the folder is not on one.
func free(folder string) uint64 {
	const tmpfs = 0x01021994 // linux/magic.h
	var of syscall.Statfs_t
	if err := syscall.Statfs(folder, &of); err != nil || of.Type != tmpfs {
		return 0
	}
	return of.Bavail * uint64(of.Bsize) //nolint:gosec // a block's size is positive
}
