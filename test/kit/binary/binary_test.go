package binary

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is built runs, with the arguments that it is given then, and a package that
// does not compile is an error that says why.
func TestBuild(t *testing.T) {
	file := filepath.Join(t.TempDir(), "echo")
	if err := Build(file, "./test/kit/binary/testdata/echo"); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(file, "one", "two").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "one two" {
		t.Errorf("it prints %q, %v", out, err)
	}
	if err := Build(file, "./test/kit/binary/testdata/broken"); err == nil || !strings.Contains(err.Error(), "undefined: nothing") {
		t.Errorf("a broken package gives %v", err)
	}
}
