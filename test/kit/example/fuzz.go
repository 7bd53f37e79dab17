package example

import (
	_ "embed" // the list of packages goes with this one, wherever it runs
	"os/exec"
	"testing"
)

//go:embed schemathesis.txt
var fuzzPackages []byte

// fuzz is Python 3.11 or later with Schemathesis.
var fuzz = Language{
	Name: "Schemathesis", Fence: "schemathesis", tools: []string{"python3"}, file: "program.py",
	packages: []list{{"schemathesis.txt", fuzzPackages}},
	fetch: []string{
		"python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
		"--require-hashes", "--target", "installed", "-r", "schemathesis.txt",
	},
	command: Python.command,
}

// fuzzProgram is what pip would have made a command of, but that it sends a
// text in YAML as it stands, where Schemathesis would put it into quotes, and one
// in CSV, which it does not know how to send.
const fuzzProgram = `import sys
import schemathesis
from schemathesis.cli import schemathesis as command


@schemathesis.serializer("text/yaml", "application/yaml", "text/csv")
def text(context, value):
    return value.encode() if isinstance(value, str) else getattr(value, "data", value)


sys.exit(command())
`

// Schemathesis returns what runs Schemathesis with arguments: it asks an API
// what its openapi.json allows, and more, and holds the answers against it.
func Schemathesis(t testing.TB, root string, arguments ...string) *exec.Cmd {
	t.Helper()
	cmd := Command(t, fuzz, fuzzProgram, root)
	cmd.Args = append(cmd.Args, arguments...)
	cmd.Env = append(cmd.Environ(), "NO_COLOR=1", "PYTHONDONTWRITEBYTECODE=1", "HOME="+cmd.Dir)
	return cmd
}
