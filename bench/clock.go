package main

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is the CPU time that this thread has used. Other load on the
// machine does not add to it, though it still slows it down through shared
// caches. The caller's goroutine must be locked to its thread.
func threadTime() time.Duration { return clockTime(unix.CLOCK_THREAD_CPUTIME_ID) }

// processTime is the CPU time of all threads, the garbage collector's
// included.
func processTime() time.Duration { return clockTime(unix.CLOCK_PROCESS_CPUTIME_ID) }

func clockTime(clock int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		panic(fmt.Sprintf("reading CPU time: %v", err)) // every Linux has these clocks
	}
	return time.Duration(ts.Nano())
}

// series are measurements of one thing, in microseconds each.
type series []float64

// add notes one measurement: the time that n units took.
func (s *series) add(took time.Duration, n int) {
	*s = append(*s, float64(took.Nanoseconds())/1e3/float64(n))
}

func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}
