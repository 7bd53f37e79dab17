package stack

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"muster/test/kit/binary"
	"muster/test/kit/garbage"
)

// built is the evaluator that Main has built.
var built string

// evaluator is the package of the evaluator.
const evaluator = "./cmd/evaluator"

// steppable builds the evaluator whose wall clock can be stepped, once.
var steppable = sync.OnceValues(func() (string, error) {
	file := built + "-steppable"
	return file, binary.Build(file, evaluator, "-tags", "steppable")
})

// Main builds the evaluator, runs the tests of a package, ends the brokers
// they shared and returns their exit code. Every TestMain that uses this
// package is os.Exit(stack.Main(m)).
func Main(m *testing.M) int {
	flag.Parse()
	if testing.Short() { // Start skips
		return m.Run()
	}
	folder, err := os.MkdirTemp("", "muster-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the binary:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	built = filepath.Join(folder, "evaluator")
	if err := binary.Build(built, evaluator); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	garbage.Seldom() // the oracle's, and the fake broker's
	shared.folder = folder
	defer stopBrokers()
	return m.Run()
}

// Binary returns the path of the evaluator that Main has built; "" with
// -short.
func Binary() string { return built }
