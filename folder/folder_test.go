package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	if _, err := Files(at("none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v, want that there is no such file", err)
	}
	if _, err := Files(root); err == nil || !strings.Contains(err.Error(), root+" holds no *.yaml") {
		t.Errorf("the error is %v, want that the folder holds none", err)
	}
	if err := os.Mkdir(at("c.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.yml", "a.yaml", "a.txt", "c.yaml/d.yaml"} {
		if err := os.WriteFile(at(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Files(root); err != nil || !slices.Equal(got, []string{at("a.yaml"), at("b.yml")}) {
		t.Errorf("the folder has %q, %v", got, err)
	}
	if got, err := Files(at("a.txt")); err != nil || !slices.Equal(got, []string{at("a.txt")}) {
		t.Errorf("the file is %q, %v", got, err)
	}
}
