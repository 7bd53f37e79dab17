package rehearsal

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// stage is a part of the way of an event whose CPU is measured by itself.
type stage int

const (
	aside stage = iota // the rehearsal's own work, not the engine's
	reading
	decoding
	loading
	stepping // applying and matching
	committing
	stages
)

// stopwatch adds up the CPU time of one goroutine by stage. The goroutine
// must be locked to its thread.
type stopwatch struct {
	spent [stages]time.Duration
	now   stage
	since time.Duration
	began time.Duration // CPU of the process at the last reset
}

// reset forgets what was measured.
func (w *stopwatch) reset() {
	*w = stopwatch{since: cpu(unix.CLOCK_THREAD_CPUTIME_ID), began: cpu(unix.CLOCK_PROCESS_CPUTIME_ID)}
}

// enter ends the stage at hand and begins another.
func (w *stopwatch) enter(s stage) {
	t := cpu(unix.CLOCK_THREAD_CPUTIME_ID)
	w.spent[w.now] += t - w.since
	w.now, w.since = s, t
}

// beside is the CPU that other threads of the process have taken: the garbage
// collector's.
func (w *stopwatch) beside() time.Duration {
	w.enter(w.now)
	all := cpu(unix.CLOCK_PROCESS_CPUTIME_ID) - w.began
	for _, d := range w.spent {
		all -= d
	}
	return max(0, all)
}

// cpu reads one of the system's CPU clocks. They exist on every system that
// Muster is built for.
func cpu(clock int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		panic(fmt.Sprintf("reading CPU clock %d: %v", clock, err))
	}
	return time.Duration(t.Nano())
}
