package rules_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"muster/event"
	"muster/rules"
)

// TestDocs compiles every yaml example of docs/rules.md and runs its tests.
func TestDocs(t *testing.T) {
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, tests, files := 0, 0, filesIn(string(data))
	for number, block := range strings.Split(string(data), "```yaml\n")[1:] {
		text, _, ok := strings.Cut(block, "```")
		if !ok {
			t.Fatal("an example has no end")
		}
		source := rules.Source{Name: fmt.Sprint("example ", number+1), Data: []byte(text), Files: files}
		set, err := rules.Load(source)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		examples++
		for i := range set.Len() {
			for _, test := range set.Segment(i).Tests {
				tests++
				runExample(t, set, set.Segment(i).ID, test)
			}
		}
	}
	if examples < 13 || tests < 10 {
		t.Errorf("only %d examples with %d tests", examples, tests)
	}
}

// filesIn returns the files that a document shows, each below its name.
func filesIn(document string) map[string]rules.File {
	files := map[string]rules.File{}
	for _, shown := range csvBlock.FindAllStringSubmatch(document, -1) {
		files[shown[1]] = rules.File{Path: shown[1], Data: []byte(shown[2])}
	}
	return files
}

var csvBlock = regexp.MustCompile("(?s)`([a-z]+[.]csv)`:\n\n```csv\n(.*?)```")

func runExample(t *testing.T, set *rules.Set, segment string, test rules.Test) {
	t.Helper()
	decoder, err := event.NewDecoder(event.Default())
	if err != nil {
		t.Fatal(err)
	}
	driver, who := volatile(set), test.Profile
	for _, record := range test.Events {
		events, rejected := decoder.Decode(nil, nil, record, 0, 0)
		if len(rejected) > 0 {
			t.Fatalf("%s:%d: %s", test.File, test.Line, rejected[0].Reason)
		}
		for i := range events {
			feed(t, driver, &events[i])
			if test.Profile == "" {
				who = events[i].Profile
			}
		}
	}
	if test.At != 0 {
		advance(t, driver, test.At)
	}
	in := false
	driver.Members(segment, func(profile string) { in = in || profile == who })
	if in != test.In {
		t.Errorf("%s:%d: segment %s, %s: in the segment is %v, expected %v", test.File, test.Line, segment, test.Name, in, test.In)
	}
}

// TestDocsShowAnError looks for what is said of a wrong segment, word by word.
func TestDocsShowAnError(t *testing.T) {
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	wrong := "segments:\n  - id: vip\n    rule: >\n      traits.plan = \"pro\"\n"
	_, err = rules.Load(rules.Source{Name: "segments.yaml", Data: []byte(wrong)})
	if err == nil || !strings.Contains(string(data), "```\n"+err.Error()+"\n```") {
		t.Errorf("docs/rules.md does not show\n%v", err)
	}
}

// TestDocsNameEveryFunction looks for every function of the language in the
// page that hints refer to.
func TestDocsNameEveryFunction(t *testing.T) {
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, words, _ := strings.Cut(string(data), "## All words")
	for _, name := range []string{
		"events", "filter", "map", "uniq", "count", "any", "none", "all", "one", "sum", "mean", "min", "max", "first", "last", "len",
		"lower", "upper", "trim", "version", "now", "ago", "from_now", "date", "since", "held", "sequence", "abandoned", "segment", "bucket", "lookup",
	} {
		if !strings.Contains(words, name) {
			t.Errorf("%s is not among all words", name)
		}
	}
}

// TestDocsShowANote looks for what is noted of a doubtful segment, word by
// word.
func TestDocsShowANote(t *testing.T) {
	data, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	doubtful := "segments:\n  - id: cancelled\n    rule: >\n      last(events(\"Order*\")).name == \"Order Cancelled\"\n"
	notes := rules.Notes(rules.Source{Name: "segments.yaml", Data: []byte(doubtful)})
	if len(notes) != 1 || !strings.Contains(string(data), "```\n"+notes.Error()+"\n```") {
		t.Errorf("docs/rules.md does not show\n%v", notes)
	}
}
