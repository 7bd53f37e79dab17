package example

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestToolsAreNamed: whoever lacks a tool must learn its name.
func TestToolsAreNamed(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	for _, l := range []Language{Go, Node, Python} {
		if got := l.missing(); got != l.tools[0] {
			t.Errorf("%s: %q is missing, want %s", l.Name, got, l.tools[0])
		}
	}
	tool(t, bin, "node", "")
	if got := Node.missing(); got != "npm" {
		t.Errorf("%q is missing, want npm", got)
	}
}

// TestPackagesThatCantBeFetched: the reason is in the error, and what was
// begun is no folder of packages.
func TestPackagesThatCantBeFetched(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	t.Setenv("MUSTER_CACHE", t.TempDir())
	tool(t, bin, "npm", "echo no network; exit 1")
	for range 2 {
		if _, err := Node.install(t.Context()); err == nil || !strings.Contains(err.Error(), "no network") {
			t.Errorf("the error is %v", err)
		}
	}
	tool(t, bin, "npm", "exit 0")
	folder, err := Node.install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "package-lock.json")); err != nil || string(text) != string(nodeLock) {
		t.Errorf("npm is not told what to fetch: %v", err)
	}
}

// tool puts a program on the PATH.
func tool(t *testing.T, bin, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}
