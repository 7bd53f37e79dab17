package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func TestCommandLinesAreCompleted(t *testing.T) {
	for line, want := range map[string]string{
		"chan":                     "changes",
		"activate re":              "resume reconcile replay",
		"sizes --out":              "--output",
		"sizes --output ":          "text json",
		"backfill graph --output ": "mermaid dot json",
		"completion f":             "fish",
		"sizes -c ":                "",
		"sizes --config ":          "",
		"nothing":                  "",
		"comple":                   "completion",
	} {
		var out, told bytes.Buffer
		code := execute(append([]string{"complete", "--"}, strings.Split(line, " ")...), console{nil, &out, &told})
		if got := strings.Join(strings.Fields(out.String()), " "); code != exitOK || got != want {
			t.Errorf("%q becomes %q, want %q; exit code %d %s", line, got, want, code, &told)
		}
	}
}

// What a shell is given is a script that it takes.
func TestCompletionsAreScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		var out bytes.Buffer
		if code := execute([]string{"completion", shell}, console{nil, &out, &out}); code != exitOK || !strings.Contains(out.String(), "evaluator complete -- ") {
			t.Errorf("%s: exit code %d: %s", shell, code, &out)
		}
		if _, err := exec.LookPath(shell); err != nil {
			continue
		}
		command := exec.CommandContext(t.Context(), shell, "-n")
		command.Stdin = &out
		if said, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", shell, err, said)
		}
	}
}
