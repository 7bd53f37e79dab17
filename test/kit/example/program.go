package example

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"muster/test/kit/port"
)

const (
	// fetching bounds a first use, which downloads, and a build.
	fetching = 5 * time.Minute
	// starting bounds how long a program takes until it listens.
	starting = 2 * time.Minute
)

// Start runs a program until the test ends, with more of an environment, and
// returns the address that it listens on. root is the path of the repository.
func Start(t testing.TB, l Language, program, root string, environment ...string) (address string) {
	t.Helper()
	cmd := Command(t, l, program, root)
	held := port.Hold(t)
	cmd.Env = append(append(cmd.Environ(), "PORT="+strconv.Itoa(held.Number)), environment...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	ended := run(t, cmd)
	if err := listens(held.Address(), ended); err != nil {
		_ = cmd.Process.Kill() // it may have ended already
		<-ended
		t.Fatalf("%s: %v\n%s", l.Name, err, said.String())
	}
	return held.Address()
}

// Command returns what runs a program, in a folder of its own and with the
// packages of its language. It dies with the test's process at the latest.
func Command(t testing.TB, l Language, program, root string) *exec.Cmd {
	t.Helper()
	l.demand(t)
	ctx, cancel := context.WithTimeout(context.Background(), fetching)
	defer cancel()
	packages, err := l.install(ctx)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, l.file), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, err := l.command(ctx, folder, packages, root)
	if err != nil {
		t.Fatalf("%s: %v", l.Name, err)
	}
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// run starts a process that ends with the test at the latest, and returns
// what is closed when it has ended.
func run(t testing.TB, cmd *exec.Cmd) <-chan struct{} {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", cmd.Path, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed in the end
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended already
		<-ended
	})
	return ended
}

// demand skips a test for a language that is not there, or fails it where it
// has to be there.
func (l *Language) demand(t testing.TB) {
	t.Helper()
	tool := l.missing()
	switch {
	case tool == "":
	case os.Getenv("CI") != "":
		t.Fatalf("%s is not on the PATH, and CI demands it for the examples in %s: install it", tool, l.Name)
	default:
		t.Skipf("%s is not on the PATH: install it to run the examples in %s", tool, l.Name)
	}
}

// listens waits until somebody listens on an address, or the program ends.
func listens(address string, ended <-chan struct{}) error {
	deadline := time.After(starting)
	for {
		connection, err := net.DialTimeout("tcp", address, starting)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-ended:
			return fmt.Errorf("it has ended before it listened")
		case <-deadline:
			return fmt.Errorf("it does not listen on %s: %w", address, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
