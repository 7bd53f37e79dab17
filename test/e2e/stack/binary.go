package stack

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// binary is the evaluator that Main has built.
var binary string

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
	build := exec.Command("go", "build", "-o", binary, "muster/cmd/evaluator")
	build.Dir = repository()
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the evaluator: %v\n%s", err, out)
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
