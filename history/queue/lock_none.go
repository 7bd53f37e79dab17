//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package queue

import (
	"fmt"
	"os"
	"runtime"
)

// acquire says that there are no locks here.
func acquire(path string) (*os.File, error) {
	return nil, fmt.Errorf("locking %s: backfills can't lock their requests on %s; run them on Linux or macOS", path, runtime.GOOS)
}
