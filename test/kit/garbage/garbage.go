// Package garbage has the tests of a package collect garbage seldom. The oracle,
// the generators and whatever evaluates from scratch make little but garbage, and
// by the usual bound, twice what is in use, a test of a few megabytes spends up to
// a third of its processor time on looking for it.
//
// It promises that GOGC and GOMEMLIMIT win where the environment sets them, and
// that processes which tests start collect as ever.
//
// The trap: a test about the memory that it takes itself must not have it so.
package garbage

import (
	"os"
	"runtime/debug"
	"testing"
)

const (
	// seldom is by how many percent memory may grow before garbage is looked for.
	seldom = 800
	// most is the memory, in bytes, from which on it is looked for as often as it
	// takes to stay below: several packages are tested at a time.
	most = 1 << 30
)

// Main runs the tests of a package and returns their exit code. A TestMain that
// uses it is os.Exit(garbage.Main(m)).
func Main(m *testing.M) int {
	Seldom()
	return m.Run()
}

// Seldom has garbage of this process be collected seldom from now on.
func Seldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(seldom)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(most)
	}
}
