package kafka

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever lacks a tool must learn its name.
func TestInstallNamesWhatIsMissing(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	t.Setenv("MUSTER_CACHE", filepath.Join(t.TempDir(), "cache"))
	if _, err := install(t.Context()); err == nil || !strings.Contains(err.Error(), "java") {
		t.Errorf("without java: %v", err)
	}
	if err := os.WriteFile(filepath.Join(bin, "java"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := install(t.Context()); err == nil || !strings.Contains(err.Error(), "mvn") {
		t.Errorf("without mvn: %v", err)
	}
	if err := os.WriteFile(filepath.Join(bin, "mvn"), []byte("#!/bin/sh\necho no network\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := install(t.Context()); err == nil || !strings.Contains(err.Error(), "no network") {
		t.Errorf("with an mvn that fails: %v", err)
	}
}

func TestInstallUsesTheCache(t *testing.T) {
	v, err := version()
	if err != nil {
		t.Fatal(err)
	}
	bin, cache := t.TempDir(), t.TempDir()
	t.Setenv("PATH", bin)
	t.Setenv("MUSTER_CACHE", cache)
	if err := os.WriteFile(filepath.Join(bin, "java"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(cache, "kafka-"+v)
	if err := os.Mkdir(want, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := install(t.Context()); err != nil || got != want {
		t.Errorf("the folder is %s, %v", got, err)
	}
}
