package rules

import (
	"fmt"
	"strings"
)

// Error is one mistake in a segment, and where it stands.
type Error struct {
	File    string // "" when the rule did not come from a file
	Segment string // id, "" when the mistake is outside a segment
	Line    int    // 1-based line in the file, or in the rule when there is no file
	Column  int    // 1-based column, in characters
	Source  string // the line it stands in
	Message string // what is wrong
	Hint    string // what to write instead, "" when the message says it
	Note    bool   // nothing is wrong, but the rule probably means something else; see Notes
}

// Error formats the mistake over several lines: where and what, the line
// with a caret under it, and the hint.
func (e *Error) Error() string {
	var text strings.Builder
	if e.File != "" {
		fmt.Fprintf(&text, "%s:", e.File)
	}
	fmt.Fprintf(&text, "%d:%d: ", e.Line, e.Column)
	if e.Segment != "" {
		fmt.Fprintf(&text, "segment %s: ", e.Segment)
	}
	if e.Note {
		text.WriteString("note: ")
	}
	text.WriteString(e.Message)
	if strings.TrimSpace(e.Source) != "" {
		line, column := clip(e.Source, e.Column)
		fmt.Fprintf(&text, "\n    %s\n    %s^", line, strings.Repeat(" ", column-1))
	}
	if e.Hint != "" {
		fmt.Fprintf(&text, "\n    hint: %s", e.Hint)
	}
	return text.String()
}

// clipTo is how many characters of a line are shown around its caret.
const clipTo = 120

// clip cuts a long line down to what stands around the column.
func clip(line string, column int) (string, int) {
	runes := []rune(strings.ReplaceAll(line, "\t", " "))
	start := 0
	if column > clipTo/2 && len(runes) > clipTo {
		start = min(column-clipTo/2, len(runes)-clipTo)
	}
	end := min(start+clipTo, len(runes))
	return string(runes[start:end]), max(1, column-start)
}

// Errors are all the mistakes of a rule set, in the order of files and lines.
type Errors []*Error

// Error lists the mistakes, a blank line between them.
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "\n\n")
}

// Unwrap makes each mistake reachable for errors.As.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, one := range e {
		list[i] = one
	}
	return list
}
