package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// mode is a condition under which packages are tested.
type mode struct {
	name        string
	environment []string // of the tests
	suites      int      // side by side
	busy        bool     // whether somebody else keeps the cores busy
}

var modes = []mode{
	{name: "idle", suites: 1},
	{name: "busy", suites: 1, busy: true},
	{name: "single", suites: 1, environment: []string{"GOMAXPROCS=1"}},
	{name: "beside", suites: 2},
}

func names() []string {
	var list []string
	for _, m := range modes {
		list = append(list, m.name)
	}
	return list
}

// choose takes the modes with these names, with commas between them.
func (s *suite) choose(list string) error {
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(modes, func(m mode) bool { return m.name == name })
		if i < 0 {
			return fmt.Errorf("there is no mode %q; the modes are %s", name, strings.Join(names(), ", "))
		}
		s.modes = append(s.modes, modes[i])
	}
	return nil
}

// outcome is what became of one run of all packages.
type outcome struct {
	seed    uint64
	printed []byte
	err     error
}

// run runs the packages' tests under the mode.
func (m mode) run(ctx context.Context, s *suite) []outcome {
	if m.busy {
		defer occupy(runtime.NumCPU())()
	}
	list := make([]outcome, m.suites)
	var running sync.WaitGroup
	for i := range list {
		list[i].seed = s.seed
		s.seed++
		running.Go(func() {
			list[i].printed, list[i].err = s.test(ctx, m.environment, list[i].seed)
		})
	}
	running.Wait()
	return list
}

// occupy keeps so many cores busy until the returned func is called.
func occupy(cores int) (leave func()) {
	var over atomic.Bool
	var spinning sync.WaitGroup
	for range cores {
		spinning.Go(func() {
			for !over.Load() { // nothing else: that is the work
			}
		})
	}
	return func() {
		over.Store(true)
		spinning.Wait()
	}
}
