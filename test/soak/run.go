package soak

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Config says how much a Run compares.
type Config struct {
	Decisions int64  // to make, at least; the rounds under way at the end are finished
	Seed      uint64 // of the first case; the others follow
	Workers   int    // cases compared at the same time, at least 1
	// Stop is the number of mismatches at which to stop early; at least 1,
	// since shrinking one takes seconds.
	Stop int
}

// Progress is how far a Run is.
type Progress struct {
	Tally
	Mismatches int
	Elapsed    time.Duration
	// Next is the first seed that is not done; all before it are, and Before
	// is how many decisions those made. A run from Next goes on from here.
	Next   uint64
	Before int64
}

// Runner compares case after case.
type Runner struct {
	config Config
	build  func(*Case) (Engine, error)
	report func(error)
	start  time.Time

	mu       sync.Mutex
	next     uint64 // seed to hand out
	progress Progress
	ahead    map[uint64]int64 // decisions of seeds done behind progress.Next
	err      error
}

// NewRunner returns a Runner of an engine. report is called, by one
// goroutine at a time, with every *Failure.
func NewRunner(c Config, build func(*Case) (Engine, error), report func(error)) *Runner {
	return &Runner{
		config: c, build: build, report: report, start: time.Now(),
		next: c.Seed, progress: Progress{Next: c.Seed}, ahead: map[uint64]int64{},
	}
}

// Run compares until enough decisions are made, too many mismatches found,
// or ctx is done. An error means that a case could not be compared.
func (r *Runner) Run(ctx context.Context) (Progress, error) {
	var workers sync.WaitGroup
	for range max(1, r.config.Workers) {
		workers.Go(func() {
			for seed, ok := r.take(ctx); ok; seed, ok = r.take(ctx) {
				r.round(seed)
			}
		})
	}
	workers.Wait()
	return r.Progress(), r.err
}

// Progress tells how far the run is. It may be called at any time.
func (r *Runner) Progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.progress
	p.Elapsed = time.Since(r.start)
	return p
}

// take hands out the next seed, false when there is no more to do.
func (r *Runner) take(ctx context.Context) (uint64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil || r.err != nil || r.progress.Decisions() >= r.config.Decisions || r.progress.Mismatches >= max(1, r.config.Stop) {
		return 0, false
	}
	r.next++
	return r.next - 1, true
}

func (r *Runner) round(seed uint64) {
	c := Draw(seed)
	tally, err := Compare(&c, r.build)
	var mismatch *Mismatch
	var failure *Failure
	if errors.As(err, &mismatch) {
		failure = Diagnose(c, r.build)
		failure.Seed = seed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case failure != nil:
		r.progress.Mismatches++
		r.report(failure)
	case err != nil:
		r.err = errors.Join(r.err, fmt.Errorf("comparing seed %d: %w", seed, err))
		return
	}
	r.finish(seed, tally)
}

// finish counts a seed as done.
func (r *Runner) finish(seed uint64, tally Tally) {
	r.progress.AtEvents += tally.AtEvents
	r.progress.AtInstants += tally.AtInstants
	r.progress.Changes += tally.Changes
	r.ahead[seed] = tally.Decisions()
	for {
		decisions, done := r.ahead[r.progress.Next]
		if !done {
			return
		}
		delete(r.ahead, r.progress.Next)
		r.progress.Next++
		r.progress.Before += decisions
	}
}
