package rules_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected outputs in testdata")

// section is one part of a test file: a line -- name -- and what follows.
type section struct{ name, body string }

// readArchive splits a test file into what stands before its first section,
// and its sections.
func readArchive(t *testing.T, path string) (string, []section) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut("\n"+string(data), "\n-- ")
	var sections []section
	for rest != "" {
		var one string
		one, rest, _ = strings.Cut(rest, "\n-- ")
		name, body, ok := strings.Cut(one, " --\n")
		if !ok {
			t.Fatalf("%s: section %q has no end of its line", path, one)
		}
		if body != "" && !strings.HasSuffix(body, "\n") {
			body += "\n"
		}
		sections = append(sections, section{name, body})
	}
	return strings.TrimPrefix(head, "\n"), sections
}

func writeArchive(t *testing.T, path, head string, sections []section) {
	t.Helper()
	var b strings.Builder
	if head != "" {
		b.WriteString(head + "\n")
	}
	for _, s := range sections {
		b.WriteString("-- " + s.name + " --\n" + s.body)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// testFiles lists the files of a directory of testdata; there must be some.
func testFiles(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files match %s (%v)", pattern, err)
	}
	return paths
}

// nameOf is the name of a test file without folder and ending.
func nameOf(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}
