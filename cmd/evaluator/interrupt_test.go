package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestInterruptEndsDemo looks into the demo with other commands while the shop is
// busy, and presses Ctrl-C then.
func TestInterruptEndsDemo(t *testing.T) {
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), "evaluator", "demo", "--rate", "2000", "--folder", folder)
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
			lookInto(t, filepath.Join(folder, demoFile))
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

// lookInto asks with the configuration that a demo has written.
func lookInto(t *testing.T, file string) {
	t.Helper()
	for _, c := range []struct{ args, want string }{
		{"sizes", `(?m)^german-speaking +[1-9]`},
		{"insights overlap german-speaking young-adults", `(?m)^ +[1-9]\d* .* german-speaking$`},
	} {
		out, err := exec.CommandContext(t.Context(), "evaluator", append(strings.Fields(c.args), "-c", file)...).CombinedOutput()
		if err != nil || !regexp.MustCompile(c.want).Match(out) {
			t.Errorf("evaluator %s says, with %v:\n%s", c.args, err, out)
		}
	}
}
