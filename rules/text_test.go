package rules_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/rules"
)

// What is written in a file is kept as it is, comments too, and reads alone as
// in the file.
func TestSplitKeepsWhatTheAuthorWrote(t *testing.T) {
	for name, one := range map[string]struct {
		file string
		want []string
	}{
		"block": {
			"# of the shop\nsegments:\n  # who pays\n  - id: pro # the plan\n    rule: |\n      traits.plan == 'pro'\n        and true\n\n" +
				"  # old\n  # and wise\n  - {id: old, rule: traits.age > 60}\n",
			[]string{"# who pays\nid: pro # the plan\nrule: |\n  traits.plan == 'pro'\n    and true\n", "# old\n# and wise\n{id: old, rule: traits.age > 60}\n"},
		},
		"no indent": {"segments:\n- id: a\n  rule: traits.x == 1\n- id: b\n  rule: traits.y == 1", []string{"id: a\nrule: traits.x == 1\n", "id: b\nrule: traits.y == 1\n"}},
		"two documents": {
			"segments:\n  - id: a\n    rule: traits.x == 1\n---\nsegments:\n  - id: b\n    rule: traits.y == 1\n",
			[]string{"id: a\nrule: traits.x == 1\n", "id: b\nrule: traits.y == 1\n"},
		},
		"mark and carriage returns": {"\ufeffsegments:\r\n  - id: a\r\n    rule: traits.x == 1\r\n", []string{"id: a\nrule: traits.x == 1\n"}},
		"dash alone":                {"segments:\n  -\n    id: a\n    rule: traits.x == 1\n", []string{"id: a\nrule: traits.x == 1\n"}},
		"one line": {
			"segments: [{id: a, rule: traits.x == 1}, {id: b, rule: traits.y == 1, members: false}]",
			[]string{
				"{\n  \"id\": \"a\",\n  \"rule\": \"traits.x == 1\"\n}\n",
				"{\n  \"id\": \"b\",\n  \"rule\": \"traits.y == 1\",\n  \"members\": false\n}\n",
			},
		},
		"cubes before and behind": {
			"cubes:\n  - {id: c, events: A}\nsegments:\n  - id: a\n    rule: traits.x == 1\n---\nsegments:\n  - id: b # this\n    rule: traits.y == 1\ncubes:\n  - id: d\n    events: B\n",
			[]string{"id: a\nrule: traits.x == 1\n", "id: b # this\nrule: traits.y == 1\n"},
		},
		"none": {"segments: []\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			texts, errs := rules.Split(rules.Source{Name: "f.yaml", Data: []byte(one.file)})
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			var got []string
			for _, text := range texts {
				got = append(got, text.Text)
			}
			if !slices.Equal(got, one.want) {
				t.Errorf("got %q\nwant %q", got, one.want)
			}
			expectSame(t, []byte(one.file), texts)
		})
	}
}

// The example segments come back from their texts.
func TestSplitAndJoinTheExamples(t *testing.T) {
	files, err := filepath.Glob("../configs/segments/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts, errs := rules.Split(rules.Source{Name: file, Data: data})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		for _, text := range texts {
			if strings.HasPrefix(text.Text, "{") {
				t.Errorf("%s: %s was written anew:\n%s", file, text.ID, text.Text)
			}
		}
		expectSame(t, data, texts)
	}
}

// expectSame demands that texts say what a file does: alone, joined, and split
// once more, by which no byte of them changes.
func expectSame(t *testing.T, file []byte, texts []rules.Text) {
	t.Helper()
	want, errs := rules.Read(rules.Source{Data: file})
	joined, more := rules.Read(rules.Source{Data: rules.Join(texts)})
	if errs = append(errs, more...); len(errs) > 0 || len(want) != len(texts) || len(joined) != len(want) {
		t.Fatalf("%d texts of %d segments, joined %d: %v\n%s", len(texts), len(want), len(joined), errs, rules.Join(texts))
	}
	for i := range want {
		alone, errs := rules.ReadText(rules.Source{Data: []byte(texts[i].Text)})
		if len(errs) > 0 || !rules.Same(&alone, &want[i]) || !rules.Same(&joined[i], &want[i]) {
			t.Errorf("%s reads as %+v and %+v, want %+v: %v", texts[i].ID, alone, joined[i], want[i], errs)
		}
	}
	again, errs := rules.Split(rules.Source{Data: rules.Join(texts)})
	if len(errs) > 0 || !slices.Equal(again, texts) {
		t.Errorf("split again: %q, want %q: %v", again, texts, errs)
	}
}

func TestMistakesInATextHaveItsLines(t *testing.T) {
	for text, want := range map[string]string{
		"id: a\nrul: x\n":                  "vip:2:1: segment a: a segment has no key rul",
		"- id: a\n  rule: traits.x == 1\n": "vip:1:1: a segment must be a mapping",
		"":                                 "vip:1:1: the text must be one segment",
		"id: a\nrule: traits.x == 1\n---\nid: b\n": "vip:1:1: the text must be one segment",
		"id: a": "vip:1:1: segment a: the segment has no rule",
		"id: [": "vip:1:",
		"\xff":  "vip:1:1: the file is not UTF-8",
		"id: a\nname: " + strings.Repeat("x", 1<<17): "vip:1:1: the text of the segment has 131084 bytes; it may have 131072",
	} {
		_, errs := rules.ReadText(rules.Source{Name: "vip", Data: []byte(text)})
		if len(errs) == 0 || !strings.HasPrefix(errs[0].Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, errs, want)
		}
	}
}

// A text is stored as it was written, without marks between documents.
func TestNormal(t *testing.T) {
	for text, want := range map[string]string{
		"id: a\nrule: traits.x == 1":                      "id: a\nrule: traits.x == 1\n",
		"---\nid: a\nrule: traits.x == 1\n...\n":          "id: a\nrule: traits.x == 1\n",
		"\n\n  id: a\n  rule: traits.x == 1\n\n":          "  id: a\n  rule: traits.x == 1\n",
		`{"id": "a", "rule": "traits.x == 1"}`:            "{\"id\": \"a\", \"rule\": \"traits.x == 1\"}\n",
		"# why\n\nid: a\nrule: >\n  traits.x\n  == 1\n":   "# why\n\nid: a\nrule: >\n  traits.x\n  == 1\n",
		"{\n\"id\": \"a\",\n\"rule\": \"traits.x == 1\"}": "{\n\"id\": \"a\",\n\"rule\": \"traits.x == 1\"}\n",
	} {
		got, segment, errs := rules.Normal(rules.Source{Data: []byte(text)}, "")
		if len(errs) > 0 || got.Text != want || got.ID != "a" || segment.ID != "a" {
			t.Errorf("%q: %q of %s, want %q: %v", text, got.Text, segment.ID, want, errs)
		}
	}
}

// A text without an id gets the one that it is to have, and mistakes stand
// where they do in the text that came.
func TestNormalAddsTheID(t *testing.T) {
	for text, want := range map[string]string{
		"rule: traits.x == 1":                            "id: a\nrule: traits.x == 1\n",
		"# why\n---\n  name: A\n  rule: traits.x == 1\n": "# why\n  id: a\n  name: A\n  rule: traits.x == 1\n",
		`{"rule": "traits.x == 1"}`:                      "{\"id\": \"a\", \"rule\": \"traits.x == 1\"}\n",
		"{\n\"rule\": \"traits.x == 1\"}":                "{\"id\": \"a\",\n\"rule\": \"traits.x == 1\"}\n",
		"id: a\nrule: traits.x == 1":                     "id: a\nrule: traits.x == 1\n",
		"id: null\nrule: traits.x == 1":                  "{\n  \"id\": \"a\",\n  \"rule\": \"traits.x == 1\"\n}\n",
	} {
		got, segment, errs := rules.Normal(rules.Source{Data: []byte(text)}, "a")
		if len(errs) > 0 || got.Text != want || got.ID != "a" || segment.ID != "a" {
			t.Errorf("%q: %q of %s, want %q: %v", text, got.Text, segment.ID, want, errs)
		}
	}
	for _, id := range []string{"1", "true", "null", "1e3", "a b", "x: y", "\n", "#"} {
		if got, segment, errs := rules.Normal(rules.Source{Data: []byte("rule: traits.x == 1")}, id); segment.ID != id || got.ID != id {
			t.Errorf("%q became %q of %q: %v", id, got.Text, segment.ID, errs)
		}
	}
	_, segment, errs := rules.Normal(rules.Source{Name: "a", Data: []byte("name: A\nrule: traits.x = 1")}, "a")
	if _, err := rules.Compile([]rules.Segment{segment}); len(errs) > 0 || err == nil || !strings.HasPrefix(err.Error(), "a:2:16: segment a:") {
		t.Errorf("%v, %v", errs, err)
	}
	if _, _, errs := rules.Normal(rules.Source{Name: "a", Data: []byte("nam: A")}, "a"); len(errs) == 0 || !strings.HasPrefix(errs[0].Error(), "a:1:1: segment a:") {
		t.Errorf("%v", errs)
	}
	long := "rule: traits.x == 1\nname: " + strings.Repeat("x", rules.MaxText-27)
	if _, _, errs := rules.Normal(rules.Source{Data: []byte(long)}, "a"); len(errs) == 0 || !strings.Contains(errs[0].Message, "as it is stored") {
		t.Errorf("what is too long with its id: %v", errs)
	}
}

// FuzzText demands that whatever can be read can be split, joined and read
// again with the same meaning.
func FuzzText(f *testing.F) {
	f.Add("segments:\n  - id: a\n    rule: traits.x == 1\n    tests:\n      - {events: [{type: track, userId: u, event: X}], at: 2026-11-21T10:00:00.5Z, expect: in}\n")
	f.Add("segments: [{id: a, rule: x, backfill: auto}, {id: b, rule: \"\\u0000é\"}]")
	f.Add("segments:\n- id: a\n  rule: |2\n     x\n\n    y  \n# end\n")
	f.Fuzz(func(t *testing.T, file string) {
		texts, errs := rules.Split(rules.Source{Data: []byte(file)})
		if len(errs) > 0 || len(texts) == 0 || slices.ContainsFunc(texts, func(text rules.Text) bool { return len(text.Text) > rules.MaxText }) {
			return
		}
		expectSame(t, []byte(file), texts)
	})
}
