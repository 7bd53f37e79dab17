package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// program is the test binary of a package. It is built once and run often, as
// go test looks at and links it anew for each run, a tenth of the work.
type program struct {
	name   string // of the package
	folder string // of its source, in which its tests expect to run
	path   string
}

// build builds the test binaries of the packages into a folder. Packages
// without tests have none.
func build(ctx context.Context, into string, packages []string) ([]program, error) {
	tested := "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}\t{{.Dir}}{{end}}"
	list := exec.CommandContext(ctx, "go", append([]string{"list", "-f", tested}, packages...)...)
	list.Stderr = os.Stderr
	printed, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages %q: %w", packages, err)
	}
	var built []program
	for line := range strings.Lines(string(printed)) {
		name, folder, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		p := program{name: name, folder: folder, path: filepath.Join(into, strings.ReplaceAll(name, "/", "-")+".test")}
		command := exec.CommandContext(ctx, "go", "test", "-c", "-o", p.path, name)
		if said, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building the tests of %s: %w\n%s", name, err, said)
		}
		built = append(built, p)
	}
	if len(built) == 0 {
		return nil, fmt.Errorf("the packages %q have no tests", packages)
	}
	return built, nil
}

// test runs the programs once, one on each core at a time, and returns what
// go test would have printed: a line for each package, and all that was printed
// by those that failed. The error is of the first that failed.
func test(ctx context.Context, programs []program, environment []string, seed uint64) ([]byte, error) {
	var printed bytes.Buffer
	var first error
	var mu sync.Mutex // of both
	next := make(chan program)
	var running sync.WaitGroup
	for range runtime.NumCPU() {
		running.Go(func() {
			for p := range next {
				said, err := p.run(ctx, environment, seed)
				mu.Lock()
				printed.Write(said)
				if first == nil && err != nil {
					first = fmt.Errorf("%s: %w", p.name, err)
				}
				mu.Unlock()
			}
		})
	}
	for _, p := range programs {
		next <- p
	}
	close(next)
	running.Wait()
	return printed.Bytes(), first
}

// run runs the tests of one package.
func (p program) run(ctx context.Context, environment []string, seed uint64) ([]byte, error) {
	command := exec.CommandContext(ctx, p.path, "-test.paniconexit0", "-test.timeout=30m", fmt.Sprintf("-test.shuffle=%d", seed))
	command.Dir = p.folder
	command.Env = append(append(os.Environ(), "PWD="+p.folder), environment...)
	began := time.Now()
	said, err := command.CombinedOutput()
	line := fmt.Sprintf("ok  \t%s\t%.3fs\n", p.name, time.Since(began).Seconds())
	if err == nil {
		return []byte(line), nil
	}
	return append(said, "FAIL"+line[len("ok  "):]...), err
}
