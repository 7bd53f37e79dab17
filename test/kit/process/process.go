// Package process runs a server as a process of its own for tests, with its
// log in a file.
//
// It promises that the process does not outlive the tests, and that a start
// which fails says what the server wrote last.
//
// The trap: the process ends with the thread that started it, not only with
// the tests. So it must not be started in a goroutine that locks its thread.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// logLines is how many lines of its log a failed start shows.
const logLines = 20

// askEvery is how long a server that does not answer yet is left alone.
const askEvery = 50 * time.Millisecond

// Process is a server that has been started.
type Process struct {
	name  string // for errors
	id    *os.Process
	ended chan struct{} // closed when the process is gone
}

// Start starts a server, with what it prints behind what is in the file log
// already, and returns once answers says that it answers. ctx only bounds the
// start. When it fails, nothing is left running.
func Start(ctx context.Context, name, log string, command *exec.Cmd, answers func(context.Context) bool) (*Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer file.Close() // the process has its own handle
	command.Stdout, command.Stderr = file, file
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p := &Process{name: name, id: command.Process, ended: make(chan struct{})}
	go func() {
		_ = command.Wait() // how it ended is in its log
		close(p.ended)
	}()
	if err := p.await(ctx, answers); err != nil {
		_ = p.End(syscall.SIGKILL)
		return nil, fmt.Errorf("waiting for %s to answer: %w; the end of its log:\n%s", name, err, tail(log))
	}
	return p, nil
}

func (p *Process) await(ctx context.Context, answers func(context.Context) bool) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for !answers(ctx) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.ended:
			return errors.New("the process ended")
		case <-tick.C:
		}
	}
	return nil
}

// End sends the process a signal that ends it, and returns when it is gone. A
// process that is gone already is no error, nor is one whose start has failed.
func (p *Process) End(signal os.Signal) error {
	if p == nil {
		return nil
	}
	if err := p.id.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", p.name, err)
	}
	<-p.ended
	return nil
}

// tail returns the last lines of a log, or why there are none.
func tail(log string) string {
	text, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-logLines):], "\n")
}
