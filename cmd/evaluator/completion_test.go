package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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
		completes(t, line, want)
	}
}

// completes demands what a line becomes.
func completes(t *testing.T, line, want string) {
	t.Helper()
	var out, told bytes.Buffer
	code := execute(append([]string{"complete", "--"}, strings.Split(line, " ")...), console{nil, &out, &told})
	if got := strings.Join(strings.Fields(out.String()), " "); code != exitOK || got != want {
		t.Errorf("%q becomes %q, want %q; exit code %d %s", line, got, want, code, &told)
	}
}

func TestNamesAreCompletedFromFiles(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"muster.yaml":       "kafka: {brokers: [\"localhost:9092\"]}\nsegments: {path: segments.yaml}\ndestinations: {path: destinations.yaml}\n",
		"segments.yaml":     "segments:\n  - {id: vip, rule: traits.a == 1}\n  - {id: vague, rule: nonsense}\n  - {id: pro, rule: traits.a == 2}\n",
		"destinations.yaml": "destinations:\n  - {name: crm, kafka: {topic: changes}, segments: all}\n",
		"stored.yaml":       "kafka: {brokers: [\"localhost:9092\"]}\nsegments: {from: redis}\n",
		"broken.yaml":       "kafka: [",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
	for line, want := range map[string]string{
		"members -c muster.yaml v":                     "vip vague",
		"members --config=muster.yaml p":               "pro",
		"insights profile -c muster.yaml --against p":  "pro",
		"insights profile -c muster.yaml --audience v": "vip vague",
		"insights overlap -c muster.yaml pro v":        "vip vague",
		"members --config = muster.yaml p":             "pro",
		"explain -f segments.yaml --segment ":          "vip vague pro",
		"explain -f segments.yaml --segment = vi":      "vip",
		"explain -f segments.yaml --segment =":         "vip vague pro",
		"changes -c muster.yaml --segment pro --s":     "--server --segment",
		"activate pause -c muster.yaml ":               "crm",
		"activate pause -c ":                           "",
		"activate pause ":                              "",
		"members -c broken.yaml ":                      "",
		"members -c nowhere.yaml ":                     "",
		"members -c stored.yaml ":                      "",
		"explain -f nowhere.yaml --segment ":           "",
		"activate pause -c stored.yaml ":               "",
	} {
		completes(t, line, want)
	}
}

// Names of a server come within a moment, or not at all.
func TestNamesAreCompletedFromAServer(t *testing.T) {
	t.Setenv(tokenVariable, "secret")
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v1/segments":
			_, _ = io.WriteString(w, `{"segments":[{"id":"vip"},{"id":"pro"}]}`)
		case r.URL.Path == "/broken/v1/segments":
			_, _ = io.WriteString(w, `{"segments":[`)
		default:
			<-r.Context().Done() // the asker has given up
		}
	}))
	defer api.Close()
	completes(t, "members --server "+api.URL+" ", "vip pro")
	completes(t, "changes --segment pro --server="+api.URL+" --segment v", "vip")
	completes(t, "members --server "+strings.NewReplacer(":", " : ").Replace(api.URL)+" p", "pro")
	completes(t, "members --server "+api.URL+"/broken ", "")
	completes(t, "members --server "+api.URL+"/silent ", "")
	completes(t, "members --server nonsense ", "")
	t.Setenv(tokenVariable, "")
	completes(t, "members --server "+api.URL+" ", "")
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
