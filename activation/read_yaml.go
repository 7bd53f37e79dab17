package activation

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"muster/spelling"
	"muster/yamltree"
)

// reading walks the syntax trees of files, so that every mistake has its line
// and column.
type reading struct {
	check        func(Webhook) error
	lookup       func(string) (string, bool) // of environment variables
	destinations []Destination
	first        map[string]place // where each name was used first
	mistakes     Mistakes

	name        string // of the file being read
	destination string // name of the destination being read
}

// file reads one file.
func (r *reading) file(name string, text []byte) {
	r.name = name
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors put it first
	switch {
	case len(text) > maxFile:
		r.wrongAt(1, 1, "split it, into files of one folder", "the file has more than %d bytes", maxFile)
		return
	case !utf8.Valid(text):
		r.wrongAt(1, 1, "save it as UTF-8", "the file is not UTF-8 text")
		return
	}
	if bytes.Count(text, []byte("\n")) > maxLines {
		r.wrongAt(maxLines+1, 1, "split it, into files of one folder", "the file has more than %d lines", maxLines)
		return
	}
	file, err := yamltree.Parse(string(text))
	var beyond *yamltree.Excess
	if errors.As(err, &beyond) {
		r.wrongAt(beyond.Line, beyond.Column, beyond.Hint, "%s", beyond.Message)
		return
	}
	if err != nil {
		r.syntax(err)
		return
	}
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			r.document(doc.Body)
		}
	}
}

// syntax tells of a text that is no YAML, without showing any of it.
func (r *reading) syntax(err error) {
	line, column, message := 1, 1, "the text can't be read"
	var at yaml.Error
	if errors.As(err, &at) {
		if t := at.GetToken(); t != nil && t.Position != nil {
			line, column = t.Position.Line, t.Position.Column
		}
		message = at.GetMessage()
	}
	r.wrongAt(line, column, "check indentation and quotes around this line; indent with spaces, not tabs", "not YAML: %s", message)
}

func (r *reading) wrongAt(line, column int, hint, format string, args ...any) {
	r.mistakes = append(r.mistakes, &Mistake{
		File: r.name, Line: line, Column: column, Destination: r.destination,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// wrong tells of a mistake in what a node says.
func (r *reading) wrong(n ast.Node, hint, format string, args ...any) {
	at := r.placeOf(n)
	r.wrongAt(at.line, at.column, hint, format, args...)
}

func (r *reading) placeOf(n ast.Node) place {
	at := yamltree.Start(n)
	return place{r.name, at.Line, at.Column}
}

// field is one key of a mapping and what reads its value.
type field struct {
	name string
	read func(ast.Node)
}

// mapping reads a mapping's keys, refusing unknown and repeated ones.
func (r *reading) mapping(n ast.Node, what string, fields []field) bool {
	w := yamltree.Walk{Wrong: r.wrong, KeyHint: keyHint, KindHint: plainHint}
	return w.Mapping(n, what, namesOf(fields), func(key int, value ast.Node) { fields[key].read(value) })
}

func namesOf(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// What keys stand in, as messages call it.
const (
	theFile     = "the file"
	destination = "a destination"
	webhook     = "the webhook"
	theKafka    = "kafka"
)

// keyHint says what may have been meant by a key that nobody knows.
func keyHint(key, what string, known []string) string {
	if key == "segments" && what == theFile {
		return "segments stand in files of their own, under the path segments.path; here are destinations only"
	}
	near := spelling.Nearest(key, known)
	switch {
	case near != "":
	case what == destination && slices.Contains(webhookKeys, key):
		return "it belongs under webhook:"
	case what == destination && slices.Contains(kafkaKeys, key):
		return "it belongs under kafka:"
	case what == theKafka && slices.Contains(destinationKeys, key):
		return "it belongs beside kafka:, not under it"
	case what == webhook && slices.Contains(destinationKeys, key):
		return "it belongs beside webhook:, not under it"
	case len(spelling.Near(key, known, 1)) > 0:
		near = spelling.Near(key, known, 1)[0]
	default:
		return "the keys are " + strings.Join(known, ", ")
	}
	return "did you mean " + near + "?"
}

// plainHint is the hint for a value of the wrong kind: an alias is no value
// here.
func plainHint(n ast.Node, hint string) string {
	switch n.Type() {
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType, ast.TagType:
		return "write the value out; anchors, aliases and tags are not followed here"
	}
	return hint
}

// list reads a list of at most so many entries.
func (r *reading) list(n ast.Node, what, example string, most int, each func(ast.Node)) bool {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.wrong(n, plainHint(n, "write "+example), "%s must be a list", what)
		return false
	}
	if len(list.Values) > most {
		r.wrong(n, "take some out", "%s has %d entries; it may have %d", what, len(list.Values), most)
		return false
	}
	for _, v := range list.Values {
		each(v)
	}
	return true
}
