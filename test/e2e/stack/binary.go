package stack

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// binary is the evaluator that Main has built.
var binary string

// steppable builds the evaluator whose wall clock can be stepped, once.
var steppable = sync.OnceValues(func() (string, error) {
	return binary + "-steppable", build(binary+"-steppable", "-tags", "steppable")
})

// build builds the evaluator with further arguments.
func build(path string, arguments ...string) error {
	command := exec.Command("go", append(append([]string{"build"}, arguments...), "-o", path, "muster/cmd/evaluator")...)
	command.Dir = repository()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the evaluator: %w\n%s", err, out)
	}
	return nil
}

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
	binary = filepath.Join(folder, "evaluator")
	if err := build(binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared.folder = folder
	defer stopBrokers()
	return m.Run()
}

// Binary returns the path of the evaluator that Main has built; "" with
// -short.
func Binary() string { return binary }

// repository returns the root of the repository, where the tests were built.
func repository() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "..")
}
