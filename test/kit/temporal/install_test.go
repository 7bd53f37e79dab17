package temporal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whoever can't build it must learn what is missing, and what to do instead.
func TestInstallNamesWhatIsMissing(t *testing.T) {
	bin, cached := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	t.Setenv("PATH", bin)
	t.Setenv("MUSTER_CACHE", cached)
	remedy := filepath.Join(cached, "temporal-"+version, "temporal")
	expect := func(what string, parts ...string) {
		t.Helper()
		_, err := install(t.Context())
		for _, part := range append(parts, remedy) {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want %q in it", what, err, part)
			}
		}
	}
	expect("without go", "looking for go")
	script := "#!/bin/sh\nif [ $1 = env ]; then echo https://proxy.example; exit; fi\necho no network\nexit 1\n"
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	expect("with a go that fails", "no network", "from https://proxy.example:")
}

func TestInstallUsesTheCache(t *testing.T) {
	cached := t.TempDir()
	t.Setenv("PATH", t.TempDir())
	t.Setenv("MUSTER_CACHE", cached)
	want := filepath.Join(cached, "temporal-"+version, "temporal")
	if err := os.Mkdir(filepath.Dir(want), 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := install(t.Context()); err != nil || got != want {
		t.Errorf("it is %s, %v", got, err)
	}
}
