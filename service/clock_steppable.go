//go:build steppable

package service

import (
	"os"
	"strconv"
	"time"
)

// wallClock returns the wall clock in milliseconds since 1970 UTC, off by as
// many as the file says that MUSTER_CLOCK_STEP names. No build for users has
// it: it lets tests step the clock of a process.
func wallClock() int64 {
	text, err := os.ReadFile(os.Getenv("MUSTER_CLOCK_STEP"))
	if err != nil {
		panic(err)
	}
	step, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		panic(err)
	}
	return time.Now().UnixMilli() + step
}
