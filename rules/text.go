package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"muster/yamltree"
)

// MaxText is the length of the longest text of one segment, in bytes: its
// rule, name and tests, as they are written.
const MaxText = 128 << 10

// Text is one segment as it is written: the YAML of its mapping alone, without
// the list that it stands in. JSON is YAML too.
type Text struct {
	ID   string
	Text string
}

// ReadText reads the text of one segment. Lines and columns of its mistakes
// are those of the text.
func ReadText(source Source) (Segment, Errors) { return readText(source, "") }

// readText is ReadText; a text without an id is of the one that is given, if
// that is not "".
func readText(source Source, id string) (Segment, Errors) {
	data := withoutMark(source.Data)
	reader := &yamlReader{file: source.Name, lines: splitLines(string(data)), assumed: id}
	if len(data) > MaxText {
		return Segment{}, Errors{reader.at(1, 1, fmt.Sprintf("the text of the segment has %d bytes; it may have %d", len(data), MaxText),
			"shorten its tests, or leave some out")}
	}
	file, wrong := reader.parse(data)
	if wrong != nil {
		return Segment{}, Errors{wrong}
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) != 1 {
		return Segment{}, Errors{reader.at(1, 1, "the text must be one segment", "write a mapping with the keys id and rule, without a list around it")}
	}
	if reader.readSegment(bodies[0]); len(reader.errs) > 0 {
		return Segment{}, reader.errs
	}
	return reader.segments[0], nil
}

// Split returns the text of each segment of a file, in the order of the file,
// and every mistake in its form. A text is cut out of the file as it is, with
// the comments above it and in it; where that can't be done, as where two
// segments share a line, it is written anew with the same meaning. Comments
// above the list belong to no segment and are left out.
func Split(source Source) ([]Text, Errors) {
	segments, errs := Read(source)
	if len(errs) > 0 {
		return nil, errs
	}
	cuts := cutOut(source)
	texts := make([]Text, len(segments))
	for i := range segments {
		text := ""
		if len(cuts) == len(segments) {
			text = cuts[i]
		}
		texts[i] = settle(text, &segments[i])
	}
	return texts, nil
}

// Normal returns the text of one segment in a form that Join can put into a
// file, and the segment that it is of: as it is, where that can be done. A text
// without an id gets the one that is given; with "" it is refused. Lines and
// columns of mistakes, those of rules.Compile too, are of the text as it came.
func Normal(source Source, id string) (Text, Segment, Errors) {
	segment, errs := readText(source, id)
	if len(errs) > 0 {
		return Text{}, Segment{}, errs
	}
	text := dedent(splitLines(string(withoutMark(source.Data))), 0, 0)
	if _, errs := ReadText(Source{Data: []byte(text)}); len(errs) > 0 {
		text = withID(text, id)
	}
	normal := settle(text, &segment)
	if len(normal.Text) > MaxText { // it is longer than the text that came
		return Text{}, Segment{}, Errors{{
			File: source.Name, Segment: segment.ID, Line: 1, Column: 1,
			Message: fmt.Sprintf("the text of the segment takes %d bytes as it is stored; it may have %d", len(normal.Text), MaxText),
			Hint:    "shorten its tests, or leave some out",
		}}
	}
	return normal, segment, nil
}

// withID puts an id before the first key of a text that has none. What comes
// out may be wrong: see settle.
func withID(text, id string) string {
	var out strings.Builder
	done := false
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(line, " ")
		switch {
		case done || strings.TrimSpace(body) == "" || strings.HasPrefix(body, "#"):
		case strings.HasPrefix(body, "{"):
			rest := body[1:]
			if rest[0] != ' ' && rest[0] != '\n' {
				rest = " " + rest
			}
			line, done = fmt.Sprintf("{%q: %q,%s", "id", id, rest), true
		default:
			line, done = line[:len(line)-len(body)]+"id: "+id+"\n"+line, true
		}
		out.WriteString(line)
	}
	return out.String()
}

// settle returns a text if it means a segment, alone and in a file, and else
// one that is written anew.
func settle(text string, s *Segment) Text {
	if alone, errs := ReadText(Source{Data: []byte(text)}); len(errs) == 0 && Same(&alone, s) {
		joined, errs := Read(Source{Data: Join([]Text{{s.ID, text}})})
		if len(errs) == 0 && len(joined) == 1 && Same(&joined[0], s) {
			return Text{s.ID, text}
		}
	}
	return Text{s.ID, write(s)}
}

// Same reports whether two segments say the same, tests included.
func Same(a, b *Segment) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Rule == b.Rule && a.Members == b.Members && a.Backfill == b.Backfill &&
		slices.EqualFunc(a.Tests, b.Tests, func(a, b Test) bool {
			return a.Name == b.Name && a.At == b.At && a.Profile == b.Profile && a.In == b.In &&
				slices.EqualFunc(a.Events, b.Events, bytes.Equal)
		})
}

// Join makes a segment file of texts.
func Join(texts []Text) []byte {
	if len(texts) == 0 {
		return []byte("segments: []\n")
	}
	var file bytes.Buffer
	file.WriteString("segments:\n")
	for i, one := range texts {
		if i > 0 {
			file.WriteString("\n")
		}
		begun := false
		for line := range strings.Lines(one.Text) {
			switch blank, comment := strings.TrimSpace(line) == "", strings.HasPrefix(line, "#"); {
			case blank:
			case !begun && comment:
				file.WriteString("  ")
			case !begun:
				begun = true
				file.WriteString("  - ")
			default:
				file.WriteString("    ")
			}
			file.WriteString(line)
		}
	}
	return file.Bytes()
}

// cutOut cuts the entries of all lists of segments out of a file that is in
// its form, line by line. What it cuts may be wrong: see settle.
func cutOut(source Source) []string {
	reader := &yamlReader{lines: splitLines(string(withoutMark(source.Data)))}
	file, wrong := reader.parse(withoutMark(source.Data))
	if wrong != nil {
		return nil
	}
	var cuts []string
	end := len(reader.lines)
	for _, doc := range slices.Backward(file.Docs) {
		pairs, _ := yamltree.Pairs(doc.Body)
		for _, pair := range slices.Backward(pairs) { // segments, and cubes perhaps
			if list, ok := pair.Value.(*ast.SequenceNode); ok && yamltree.Key(pair) == "segments" {
				cuts = append(cutList(list, reader.lines[:end]), cuts...)
			}
			end = yamltree.Start(pair.Key).Line - 1
		}
	}
	return cuts
}

// cutList cuts the entries of one list out of the lines up to its end.
func cutList(list *ast.SequenceNode, lines []string) []string {
	var cuts []string
	end := len(lines)
	for _, entry := range slices.Backward(list.Values) {
		at := yamltree.Start(entry)
		first := at.Line - 1
		if first >= end {
			return nil // it shares a line with the next one
		}
		top := first
		for top > 0 && strings.HasPrefix(strings.TrimSpace(lines[top-1]), "#") {
			top--
		}
		cuts = append(cuts, dedent(lines[top:end], first-top, at.Column-1))
		end = top
	}
	slices.Reverse(cuts)
	return cuts
}

// dedent moves lines to the left, as far as the mapping is indented that
// begins in the line of a number. Comments above that line, and marks between
// documents, are not indented at all.
func dedent(lines []string, first, by int) string {
	var text strings.Builder
	for i, line := range lines {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "---" || trimmed == "...":
			continue
		case i == first:
			line = string([]rune(line)[min(by, utf8.RuneCountInString(line)):]) // the dash goes too
		case i < first || trimmed == "":
			line = trimmed
		default:
			line = line[min(by, len(line)-len(strings.TrimLeft(line, " "))):]
		}
		text.WriteString(line + "\n")
	}
	return strings.Trim(text.String(), "\n") + "\n"
}

// write writes a segment anew, as JSON.
func write(s *Segment) string {
	type test struct {
		Name    string            `json:"name,omitempty"`
		Events  []json.RawMessage `json:"events"`
		At      string            `json:"at,omitempty"`
		Profile string            `json:"profile,omitempty"`
		Expect  string            `json:"expect"`
	}
	out := struct {
		ID       string `json:"id"`
		Name     string `json:"name,omitempty"`
		Rule     string `json:"rule"`
		Members  *bool  `json:"members,omitempty"`
		Backfill string `json:"backfill,omitempty"`
		Tests    []test `json:"tests,omitempty"`
	}{ID: s.ID, Name: s.Name, Rule: s.Rule}
	if !s.Members {
		out.Members = &s.Members
	}
	if s.Backfill {
		out.Backfill = "auto"
	}
	for i := range s.Tests {
		t := &s.Tests[i]
		one := test{Name: t.Name, Profile: t.Profile, Expect: map[bool]string{true: "in", false: "out"}[t.In]}
		if t.At != 0 {
			one.At = time.UnixMilli(t.At).UTC().Format("2006-01-02T15:04:05.999Z07:00")
		}
		for _, e := range t.Events {
			one.Events = append(one.Events, e)
		}
		out.Tests = append(out.Tests, one)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(out) // it has nothing that JSON lacks
	return text.String()
}
