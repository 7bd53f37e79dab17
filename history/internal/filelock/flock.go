//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filelock

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Try locks a file, which is made if need be, and returns nil where somebody
// has it.
func Try(path string) (*os.File, error) {
	file, err := lock(path, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return file, err
}

// Exclusive locks a file, which is made if need be, and waits until nobody has
// it.
func Exclusive(path string) (*os.File, error) { return lock(path, syscall.LOCK_EX) }

// Shared locks a file, which is made if need be, beside others that share it.
func Shared(path string) (*os.File, error) { return lock(path, syscall.LOCK_SH) }

func lock(path string, how int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, fmt.Errorf("locking %s: %w; the work directory must be on a file system with locks", path, err)
	}
	return file, nil
}
