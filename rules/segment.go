package rules

import (
	"fmt"
	"unicode/utf8"

	"muster/catalogue"
	"muster/rules/internal/language"
)

// MaxSource is the length of the longest rule, in bytes.
const MaxSource = language.MaxSource

// Segment is one audience: a rule and what it is called.
type Segment struct {
	ID      string // [a-z0-9-], 1 to 64 characters; never reused for another meaning
	Name    string // for people; "" means the id
	Rule    string // in the rule language
	Members bool   // whether member sets are kept; sizes always are
	// Backfill says that history is to be brought for it without being asked,
	// see docs/backfill.md. A segment with held(...) can't have that.
	Backfill bool
	Tests    []Test

	origin *origin // of Rule; nil when it stands alone
	idFrom *origin // of ID; nil when it is not in a file

	tables catalogue.Tables // that the rule may ask; nil for none
	unread bool             // whether there are more, which could not be read
}

// NewSegment returns a segment that does not come from a file.
func NewSegment(id, rule string) Segment {
	return Segment{ID: id, Rule: rule, Members: true}
}

// Test is an example beside a segment, run by `evaluator check`.
type Test struct {
	Name    string
	Events  [][]byte // one JSON record each, as they would come from Kafka
	At      int64    // stream time to advance to after the last event, ms; 0 for none
	Profile string   // "" when the events are of one profile only
	In      bool     // whether the profile is expected in the segment
	File    string
	Line    int
}

// isID reports whether a text can be a segment's id.
func isID(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// origin says where a text stands in a file, line by line.
type origin struct {
	file       string
	lines      []string     // of the whole file
	line       int          // 1-based line of the text's first line
	column     int          // 1-based column of the text's first character, in characters
	block      bool         // every further line of the text starts at column too
	fixed      bool         // only the text's start is known
	characters []lineColumn // of each character, when the text is a plain or quoted scalar
	cut        bool         // a YAML comment cuts the text off
}

// errorAt makes an Error of a mistake in text.
func (o *origin) errorAt(segment, text string, wrong language.Mistake) *Error {
	if o == nil {
		o = &origin{lines: splitLines(text), line: 1, column: 1, block: true}
	}
	line, column := o.line, o.column
	switch {
	case wrong.From < len(o.characters):
		line, column = o.characters[wrong.From].line+1, o.characters[wrong.From].column+1
	case !o.fixed:
		down, across := lineAndColumn(text, wrong.From)
		line += down
		if down > 0 && !o.block {
			column = 1
		}
		column += across
	}
	if o.cut && wrong.From >= utf8.RuneCountInString(text)-1 {
		wrong.Hint = "in YAML a # behind a space starts a comment; put the rule into a block: rule: >"
	}
	e := &Error{File: o.file, Segment: segment, Line: line, Column: column, Message: wrong.Message, Hint: wrong.Hint}
	if line <= len(o.lines) {
		e.Source = o.lines[line-1]
	}
	return e
}

// lineAndColumn counts the lines and then the characters before a position
// that is given in characters.
func lineAndColumn(text string, from int) (line, column int) {
	for _, r := range text {
		if from == 0 {
			break
		}
		from--
		column++
		if r == '\n' {
			line, column = line+1, 0
		}
	}
	return line, column
}

// mistake makes an Error of a mistake in the segment's id.
func (s *Segment) mistake(m language.Mistake) *Error {
	if s.idFrom == nil {
		return &Error{Segment: s.ID, Line: 1, Column: 1, Message: m.Message, Hint: m.Hint}
	}
	return s.idFrom.errorAt(s.ID, s.ID, m)
}

// firstAt says where a segment's id stands in a file, for a message.
func (s *Segment) firstAt() string {
	if s.idFrom == nil {
		return ""
	}
	return fmt.Sprintf("; first at %s:%d", s.idFrom.file, s.idFrom.line)
}

// checkIDs reports unusable and repeated ids.
func checkIDs(segments []Segment) Errors {
	var errs Errors
	first := make(map[string]*Segment, len(segments))
	for i := range segments {
		segment := &segments[i]
		if !isID(segment.ID) {
			errs = append(errs, segment.mistake(language.Mistake{
				Message: fmt.Sprintf("the id %q can't be used", segment.ID),
				Hint:    "an id is 1 to 64 of the characters a-z, 0-9 and -",
			}))
			continue
		}
		if other, ok := first[segment.ID]; ok {
			errs = append(errs, segment.mistake(language.Mistake{
				Message: "the id is used twice" + other.firstAt(),
				Hint:    "give one of them another id",
			}))
			continue
		}
		first[segment.ID] = segment
	}
	return errs
}
