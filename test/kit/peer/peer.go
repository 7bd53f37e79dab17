// Package peer runs the Kafka Streams application that Muster is measured
// beside, as a process of its own. Its source is no part of the repository:
// Maven builds it from the folder that the caller names, into the cache, once
// for each state of the source. It needs java 17 or later and mvn, and a broker
// with transactions, so a real Apache Kafka.
//
// It promises that the process does not outlive the tests, and that what it
// says about itself comes in order.
//
// The trap: the process keeps what it says until it is asked. Who does not call
// Await for long holds it up once a pipe is full.
package peer

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Heap is the most memory that Java gives to the peer's objects: its own
// default would be a quarter of the machine, which differs between machines.
const Heap = "-Xmx3g"

// Said is one line of what a peer says about itself. Fields that a line does
// not have are zero.
type Said struct {
	What            string  `json:"what"` // compiled, running, pace, measured, done or ended, among others
	Records         int64   `json:"records"`
	EventsPerSecond float64 `json:"events_s"`
	CPU             float64 `json:"cpu_us_event"`
}

// Process is one running peer.
type Process struct {
	cmd   *exec.Cmd
	said  chan Said // closed when the process has closed its output
	log   string    // file of what it complains about
	ended bool
}

// Start starts a peer that Build has built, with its log and its state in a
// folder.
func Start(built, folder string, arguments ...string) (*Process, error) {
	classes := filepath.Join(built, "*") + string(filepath.ListSeparator) + filepath.Join(built, "lib", "*")
	p := &Process{said: make(chan Said), log: filepath.Join(folder, "peer.log")}
	arguments = append([]string{Heap, "-XX:+UseParallelGC", "-cp", classes, "peer.Main", "--state", filepath.Join(folder, "state")}, arguments...)
	p.cmd = exec.Command("java", arguments...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("making the peer's log: %w", err)
	}
	defer log.Close() // the process has its own handle
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("reading what the peer says: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the peer: %w", err)
	}
	go func() {
		defer close(p.said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if said, ok := parse(lines.Bytes()); ok {
				p.said <- said
			}
		}
	}()
	return p, nil
}

// parse reads a line. Others print to the same output, and they are no JSON.
func parse(line []byte) (Said, bool) {
	var said Said
	err := json.Unmarshal(line, &said)
	return said, err == nil && said.What != ""
}

// Await returns the next line about something, and fails where the process
// says nothing at all for as long as patience, or ends.
func (p *Process) Await(ctx context.Context, what string, patience time.Duration) (Said, error) {
	silence := time.NewTimer(patience)
	defer silence.Stop()
	for {
		select {
		case said, more := <-p.said:
			if !more {
				return Said{}, fmt.Errorf("waiting until the peer says %q: it has ended:\n%s", what, p.tail())
			}
			if said.What == what {
				return said, nil
			}
			silence.Reset(patience)
		case <-silence.C:
			return Said{}, fmt.Errorf("waiting until the peer says %q: it has said nothing for %s:\n%s", what, patience, p.tail())
		case <-ctx.Done():
			return Said{}, fmt.Errorf("waiting until the peer says %q: %w", what, ctx.Err())
		}
	}
}

// Leave asks the process to end, which is when it writes what it was told to
// dump, and waits until it has.
func (p *Process) Leave(ctx context.Context, patience time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("asking the peer to leave: %w", err)
	}
	if _, err := p.Await(ctx, "ended", patience); err != nil {
		return err
	}
	p.Kill() // it has nothing left to do
	return nil
}

// Kill ends the process at once and waits until it is gone. It may have ended
// already.
func (p *Process) Kill() {
	if p.ended {
		return
	}
	p.ended = true
	_ = p.cmd.Process.Kill()
	for range p.said { // nobody reads the rest
		continue
	}
	_ = p.cmd.Wait() // how it ended is in its log
}

// logBytes is how much of its log a failure shows.
const logBytes = 4000

func (p *Process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-logBytes):]))
}
