package rules_test

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"muster/rules"
)

// TestErrors loads the wrong rules of testdata/errors and compares all that
// is said of them with the file's last section. A section *.yaml is a file,
// a section rule a rule that comes from none, a section repeat N one that is
// its first line N times over and then the rest.
func TestErrors(t *testing.T) {
	for _, path := range testFiles(t, "errors/*.txt") {
		t.Run(nameOf(path), func(t *testing.T) {
			head, sections := readArchive(t, path)
			last := len(sections) - 1
			if last < 1 || sections[last].name != "errors" {
				t.Fatal("the last section must be errors")
			}
			err := loadSections(t, sections[:last])
			if err == nil {
				t.Fatal("nothing was found wrong")
			}
			checkCarets(t, err)
			if *update {
				sections[last].body = err.Error() + "\n"
				writeArchive(t, path, head, sections)
				return
			}
			if got := err.Error() + "\n"; got != sections[last].body {
				t.Errorf("got\n%s\nwant\n%s", got, sections[last].body)
			}
		})
	}
}

func loadSections(t *testing.T, sections []section) error {
	t.Helper()
	var sources []rules.Source
	for _, s := range sections {
		kind, number, _ := strings.Cut(s.name, " ")
		text := strings.TrimSuffix(s.body, "\n")
		switch {
		case strings.HasSuffix(s.name, ".yaml"):
			sources = append(sources, rules.Source{Name: s.name, Data: []byte(s.body)})
			continue
		case kind == "repeat":
			n, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			first, rest, _ := strings.Cut(text, "\n")
			text = strings.Repeat(first, n) + rest
		case kind != "rule":
			t.Fatalf("unknown section %s", s.name)
		}
		_, err := rules.Compile([]rules.Segment{rules.NewSegment("s", text)})
		return err
	}
	_, err := rules.Load(sources...)
	return err
}

// caretName takes the name that a message is about off its end.
var caretName = regexp.MustCompile(`(?:unknown name|unknown function|unexpected|has no key|there is no segment) (\S+)$`)

// checkCarets demands that a mistake about a name stands exactly where its
// line has that name, whatever comes before it.
func checkCarets(t *testing.T, err error) {
	t.Helper()
	var all rules.Errors
	if !errors.As(err, &all) {
		t.Fatalf("%T is not rules.Errors", err)
	}
	for _, e := range all {
		line := []rune(e.Source)
		if e.Line < 1 || e.Column < 1 || e.Column > len(line)+1 {
			t.Errorf("%d:%d lies outside its line %q", e.Line, e.Column, e.Source)
			continue
		}
		name := caretName.FindStringSubmatch(e.Message)
		at := strings.TrimLeft(string(line[e.Column-1:]), `"'`)
		if name != nil && !strings.HasPrefix(at, name[1]) {
			t.Errorf("%d:%d shows %q, the message is about %s", e.Line, e.Column, at, name[1])
		}
	}
}
