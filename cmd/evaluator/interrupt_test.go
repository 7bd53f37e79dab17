package main

import (
	"bufio"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestInterruptEndsDemo presses Ctrl-C while the shop is busy.
func TestInterruptEndsDemo(t *testing.T) {
	command := exec.CommandContext(t.Context(), "evaluator", "demo", "--rate", "2000")
	var errs strings.Builder
	command.Stderr = &errs
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	busy := regexp.MustCompile(` [1-9]\d* events, .* [1-9]\d* changes`)
	lines, last, interrupted := bufio.NewScanner(out), "", false
	for lines.Scan() {
		if last = lines.Text(); !interrupted && busy.MatchString(last) {
			interrupted = true
			if err := command.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); err != nil || errs.Len() > 0 {
		t.Errorf("ended with %v, %s", err, &errs)
	}
	if !regexp.MustCompile(`^[1-9]\d* events, \d+ changes, \d+ dead letters, \d+ changes sent with \d+ retries in \S+ s$`).MatchString(last) {
		t.Errorf("the last line is %q", last)
	}
}
