// Package binary builds programs for tests that run them as processes.
//
// It promises that a program which nobody has changed is linked once and copied
// ever after, whichever test wants it: what go run has linked stays among what is
// compiled, where go build links each time, for seconds of processor time.
//
// The trap: the programs have no symbols for debuggers.
package binary

import (
	"fmt"
	"os/exec"
	"path/filepath"

	"muster/test/kit/repository"
)

// Build builds a package of the repository, named from its root on as in
// ./cmd/evaluator, with flags of go build, and puts the program into a file.
func Build(file, pkg string, flags ...string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("building %s: %w", pkg, err)
	}
	root, err := repository.Root()
	if err != nil {
		return fmt.Errorf("building %s: %w", pkg, err)
	}
	// What is to run the program copies it.
	arguments := append(append([]string{"run", "-exec", "cp"}, flags...), pkg, file)
	command := exec.Command("go", arguments...)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return nil
}
