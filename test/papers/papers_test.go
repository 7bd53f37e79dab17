package papers

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	root    = "../.." // of the repository, from here
	longest = 120     // characters in a line
)

// document is one Markdown file.
type document struct {
	path  string // from here
	name  string // from the root, for people
	lines []string
}

// documents reads every Markdown file of the repository.
func documents(t *testing.T) []document {
	t.Helper()
	var all []document
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		all = append(all, document{path, filepath.ToSlash(name), strings.Split(string(text), "\n")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("there is no Markdown file")
	}
	return all
}

// TestLinesAreShort holds tables and code to it as well.
func TestLinesAreShort(t *testing.T) {
	for _, d := range documents(t) {
		for i, line := range d.lines {
			if n := utf8.RuneCountInString(line); n > longest {
				t.Errorf("%s:%d: %d characters, at most %d are allowed", d.name, i+1, n, longest)
			}
		}
	}
}

// link is a link within the repository; what has a scheme leads elsewhere.
var link = regexp.MustCompile(`\]\(([^):\s]*)\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, d := range documents(t) {
		for i, line := range d.lines {
			for _, found := range link.FindAllStringSubmatch(line, -1) {
				if reason := d.follow(found[1]); reason != "" {
					t.Errorf("%s:%d: link to %s: %s", d.name, i+1, found[1], reason)
				}
			}
		}
	}
}

// follow says why a link leads nowhere, or nothing.
func (d document) follow(target string) string {
	file, heading, _ := strings.Cut(target, "#")
	path := d.path
	if file != "" {
		path = filepath.Join(filepath.Dir(d.path), filepath.FromSlash(file))
	}
	if _, err := os.Stat(path); err != nil {
		return "there is no such file"
	}
	if heading == "" {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	for _, found := range title.FindAllStringSubmatch(string(text), -1) {
		if anchor(found[1]) == heading {
			return ""
		}
	}
	return "there is no such heading"
}

var title = regexp.MustCompile(`(?m)^#+ (.*)$`)

// dropped is what an anchor leaves out of its heading.
var dropped = regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)

// anchor returns what a heading is called in a link.
func anchor(heading string) string {
	return strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

func TestAnchor(t *testing.T) {
	for heading, want := range map[string]string{
		"What's new":               "whats-new",
		"[0.1.0] - 2026-11-26":     "010---2026-11-26",
		"A profile's `blob`, v. 2": "a-profiles-blob-v-2",
	} {
		if got := anchor(heading); got != want {
			t.Errorf("%q is %q in a link, want %q", heading, got, want)
		}
	}
}
