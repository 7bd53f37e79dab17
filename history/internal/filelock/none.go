//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package filelock

import (
	"fmt"
	"os"
	"runtime"
)

// Try says that there are no locks here.
func Try(path string) (*os.File, error) { return nil, none(path) }

// Exclusive says that there are no locks here.
func Exclusive(path string) (*os.File, error) { return nil, none(path) }

// Shared says that there are no locks here.
func Shared(path string) (*os.File, error) { return nil, none(path) }

func none(path string) error {
	return fmt.Errorf("locking %s: there are no locks of files on %s; run backfills on Linux or macOS", path, runtime.GOOS)
}
