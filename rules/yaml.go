package rules

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"muster/yamltree"
)

// Source is the content of one segment file.
type Source struct {
	Name string // as errors show it
	Data []byte
	// Files are those that it names, see FilesOf, by the names that it has for
	// them.
	Files map[string]File
}

// Read returns the segments of a YAML file and every mistake in its form.
// Rules are not looked at; that is Compile's part.
func Read(source Source) ([]Segment, Errors) {
	reader := read(source)
	return reader.segments, reader.errs
}

// read reads all that a segment file declares.
func read(source Source) *yamlReader {
	data := withoutMark(source.Data)
	reader := &yamlReader{file: source.Name, lines: splitLines(string(data))}
	file, wrong := reader.parse(data)
	if wrong != nil {
		reader.errs, reader.unread = Errors{wrong}, true
		return reader
	}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			reader.document(doc.Body)
		}
	}
	return reader
}

// withoutMark leaves out the mark of UTF-8 that some editors put first.
func withoutMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

// parse returns the syntax tree of a text, or why there is none.
func (r *yamlReader) parse(data []byte) (*ast.File, *Error) {
	if !utf8.Valid(data) {
		return nil, r.at(1, 1, "the file is not UTF-8 text", "save it as UTF-8")
	}
	file, err := yamltree.Parse(string(data))
	var beyond *yamltree.Excess
	switch {
	case errors.As(err, &beyond):
		return nil, r.at(beyond.Line, beyond.Column, beyond.Message, beyond.Hint)
	case err != nil:
		return nil, r.syntax(err)
	}
	return file, nil
}

func splitLines(s string) []string {
	return strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}

// yamlReader walks the syntax tree of one file, so that every mistake has
// its line and column.
type yamlReader struct {
	file     string
	lines    []string
	segments []Segment
	errs     Errors
	segment  string // id of the segment being read
	assumed  string // id of a segment that has none, "" where it must have one

	catalogues []declared
	unread     bool // whether there are more, that have mistakes
}

func (r *yamlReader) at(line, column int, message, hint string) *Error {
	e := &Error{File: r.file, Segment: r.segment, Line: line, Column: column, Message: message, Hint: hint}
	if line >= 1 && line <= len(r.lines) {
		e.Source = r.lines[line-1]
	}
	return e
}

func (r *yamlReader) wrong(n ast.Node, hint, format string, args ...any) {
	p := yamltree.Start(n)
	r.errs = append(r.errs, r.at(p.Line, p.Column, fmt.Sprintf(format, args...), hint))
}

func (r *yamlReader) syntax(err error) *Error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p := at.GetToken().Position
		return r.at(p.Line, p.Column, "not YAML: "+at.GetMessage(), syntaxAdvice(at.GetMessage()))
	}
	return r.at(1, 1, "not YAML: "+err.Error(), "")
}

// syntaxAdvice says what mostly causes a message of the YAML parser.
func syntaxAdvice(message string) string {
	switch {
	case strings.Contains(message, `'\t'`), strings.Contains(message, "'\t'"), strings.Contains(message, "tab character"):
		return "indent with spaces; YAML refuses tabs"
	case strings.Contains(message, "mapping value is not allowed"):
		return "indent the line below as the one above it; a text with a colon and a space in it needs quotes, or a block: rule: >"
	}
	return "check indentation and quotes around this line"
}

// field is one key of a mapping and what reads its value.
type field struct {
	name string
	read func(ast.Node)
}

// mapping reads a mapping's keys, refusing unknown and repeated ones.
func (r *yamlReader) mapping(n ast.Node, what string, fields []field) bool {
	w := yamltree.Walk{Wrong: r.wrong, KeyHint: keyHint}
	return w.Mapping(n, what, namesOf(fields), func(key int, value ast.Node) { fields[key].read(value) })
}

func namesOf(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// theFile is what the outermost mapping is called in messages.
const theFile = "the file"

// keyHint says what to write in place of a key that nobody knows.
func keyHint(key, what string, known []string) string {
	if key == "destinations" && what == theFile {
		return "destinations stand in files of their own, under the path destinations.path; here are segments only"
	}
	return "the keys are " + strings.Join(known, ", ")
}

func (r *yamlReader) list(n ast.Node, what string, each func(ast.Node)) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.wrong(n, "start each entry with -", "%s must be a list", what)
		return
	}
	for _, v := range list.Values {
		each(v)
	}
}

func (r *yamlReader) document(n ast.Node) {
	r.mapping(n, theFile, []field{
		{"segments", func(n ast.Node) { r.list(n, "segments", r.readSegment) }},
		{"cubes", func(ast.Node) {}}, // package cube reads them
		{"catalogues", func(n ast.Node) { r.list(n, "catalogues", r.readCatalogue) }},
	})
}

func (r *yamlReader) readSegment(node ast.Node) {
	segment := Segment{Members: true}
	segment.origin = r.originOf(node)
	segment.idFrom = segment.origin
	r.segment = cmp.Or(segmentIDOf(node), r.assumed)
	defer func() { r.segment = "" }()
	var rule ast.Node
	ok := r.mapping(node, "a segment", []field{
		{"id", func(node ast.Node) { segment.ID, segment.idFrom = r.textOrNone(node, "id"), r.originOf(node) }},
		{"name", func(node ast.Node) { segment.Name = r.textOrNone(node, "name") }},
		{"rule", func(node ast.Node) {
			if node.Type() != ast.NullType {
				rule = node
			}
		}},
		{"members", func(node ast.Node) { segment.Members = r.bool(node, "members") }},
		{"backfill", func(node ast.Node) { segment.Backfill = r.backfill(node) }},
		{"tests", func(node ast.Node) { r.list(node, "tests", func(node ast.Node) { r.readTest(&segment, node) }) }},
	})
	segment.ID = cmp.Or(segment.ID, r.assumed)
	switch {
	case !ok:
		return
	case segment.ID == "":
		r.wrong(node, "add id: with 1 to 64 of the characters a-z, 0-9 and -", "the segment has no id")
		return
	case rule == nil:
		r.wrong(node, `add rule:, as rule: traits.plan == "pro"`, "the segment has no rule")
		return
	}
	before := len(r.errs)
	if segment.Rule, segment.origin = r.ruleText(rule); len(r.errs) == before {
		r.segments = append(r.segments, segment)
	}
}

// segmentIDOf finds the id ahead, so that mistakes in keys before it can
// name the segment too.
func segmentIDOf(n ast.Node) string {
	values, _ := yamltree.Pairs(n)
	for _, v := range values {
		if text, ok := v.Value.(*ast.StringNode); ok && yamltree.Key(v) == "id" {
			return text.Value
		}
	}
	return ""
}

// text reads a scalar as text; numbers are taken as they are written.
func (r *yamlReader) text(n ast.Node, what string) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	r.wrong(n, "put quotes around it", "%s must be a text", what)
	return ""
}

// textOrNone reads a scalar as text, "" when there is none.
func (r *yamlReader) textOrNone(n ast.Node, what string) string {
	if n.Type() == ast.NullType {
		return ""
	}
	return r.text(n, what)
}

func (r *yamlReader) bool(n ast.Node, what string) bool {
	if b, ok := n.(*ast.BoolNode); ok {
		return b.Value
	}
	r.wrong(n, "", "%s must be true or false", what)
	return false
}

// backfill reads whether history is brought by itself.
func (r *yamlReader) backfill(n ast.Node) bool {
	text, ok := n.(*ast.StringNode)
	if !ok || text.Value != "auto" && text.Value != "manual" {
		r.wrong(n, "manual is the default", "backfill must be auto or manual")
		return false
	}
	return text.Value == "auto"
}

func (r *yamlReader) originOf(n ast.Node) *origin {
	p := yamltree.Start(n)
	return &origin{file: r.file, lines: r.lines, line: p.Line, column: p.Column, fixed: true}
}

func (r *yamlReader) readTest(segment *Segment, node ast.Node) {
	test := Test{File: r.file, Line: node.GetToken().Position.Line}
	expect := ""
	ok := r.mapping(node, "a test", []field{
		{"name", func(node ast.Node) { test.Name = r.text(node, "name") }},
		{"events", func(node ast.Node) {
			r.list(node, "events", func(node ast.Node) { test.Events = append(test.Events, r.json(node)) })
		}},
		{"at", func(node ast.Node) { test.At = r.time(node, "at") }},
		{"profile", func(node ast.Node) { test.Profile = r.text(node, "profile") }},
		{"expect", func(node ast.Node) { expect = r.text(node, "expect") }},
	})
	if !ok {
		return
	}
	if expect != "in" && expect != "out" {
		r.wrong(node, "add expect: in or expect: out", "the test does not say what it expects")
	}
	if len(test.Events) == 0 {
		r.wrong(node, `add events:, as - {type: track, userId: u1, event: Order Completed, timestamp: "2026-11-01T10:00:00Z"}`, "the test has no events")
	}
	test.In = expect == "in"
	segment.Tests = append(segment.Tests, test)
}

// json returns an example's event as the JSON that it stands for.
func (r *yamlReader) json(n ast.Node) []byte {
	if !r.jsonLike(n) {
		return nil
	}
	var v any
	if err := yaml.NodeToValue(n, &v); err != nil {
		r.wrong(n, "", "the event can't be read: %s", err)
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		r.wrong(n, "", "the event can't be written as JSON: %s", err)
	}
	return b
}

func (r *yamlReader) time(n ast.Node, what string) int64 {
	t, err := time.Parse(time.RFC3339, r.text(n, what))
	if err != nil {
		r.wrong(n, "write it as 2026-11-21T10:00:00Z", "%s is not a time", what)
		return 0
	}
	return t.UnixMilli()
}
