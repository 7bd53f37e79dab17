package yamltree

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// measurer follows the tokens of a text and knows what the parser would make
// of them, without making it.
//
// The parser takes keys for those of one mapping when they begin in the same
// column and nothing in between begins further left, except within brackets. So
// a level is a column in which lines begin, and brackets have levels of their
// own.
type measurer struct {
	brackets []bracket    // those that are open, behind the text itself
	previous *token.Token // never nil
	line     int
	first    bool // nothing but dashes of this line was seen
	dash     bool // the token before is a dash, in the column of the last level

	depth, empty, texts int
	path                int // bytes of the path of a value here
	paths               int // of all values so far
}

// bracket is what is open: the text itself, or a bracket in it.
type bracket struct {
	levels  []level
	mapping bool
	colon   bool // since the last comma
}

// level is a column in which lines begin.
type level struct {
	column, keys int
	counted      int // line of the last key that was counted
	length       int // of the key that is open
}

// measure returns the bound that a text is beyond, nil for none.
func measure(tokens token.Tokens) *Excess {
	m := &measurer{brackets: make([]bracket, 1), previous: &token.Token{Position: &token.Position{}}}
	for _, t := range tokens {
		if t.Type == token.CommentType {
			continue
		}
		m.take(t)
		m.previous = t
		if beyond := m.beyond(t.Position); beyond != nil {
			return beyond
		}
	}
	return nil
}

// take takes a token in.
func (m *measurer) take(t *token.Token) {
	if t.Type == token.MappingValueType { // belongs to the token before, even from another line
		m.colon()
		m.line, m.first = t.Position.Line, false
		return
	}
	if t.Position.Line != m.line {
		m.line, m.first = t.Position.Line, true
		m.unfilled(t)
	}
	if m.first {
		m.place(t.Position.Column)
	}
	m.dash = false
	switch t.Type {
	case token.SequenceEntryType:
		m.dash = true
	case token.MappingKeyType:
		m.count(m.last(t.Position.Column))
	case token.MappingStartType, token.SequenceStartType:
		m.first = false
		m.brackets = append(m.brackets, bracket{mapping: t.Type == token.MappingStartType})
		m.depth++
	case token.CollectEntryType, token.MappingEndType, token.SequenceEndType:
		m.first = false
		m.separate(t)
	case token.DocumentHeaderType, token.DocumentEndType:
		m.brackets, m.depth, m.path = make([]bracket, 1), 0, 0
		m.texts++
	default:
		m.first = false
	}
	m.paths += m.path
}

func (m *measurer) inner() *bracket { return &m.brackets[len(m.brackets)-1] }

// place ends the levels right of a column in which something begins, and makes
// this column one.
func (m *measurer) place(column int) {
	in := m.inner()
	for n := len(in.levels); n > 0 && in.levels[n-1].column > column; n-- {
		m.leave(n - 1)
	}
	if n := len(in.levels); n == 0 || in.levels[n-1].column < column {
		in.levels = append(in.levels, level{column: column})
		m.depth++
	}
}

// last returns the last level. Behind a bracket, on its line, there may be none
// yet, and column becomes the first.
func (m *measurer) last(column int) *level {
	in := m.inner()
	if len(in.levels) == 0 {
		m.place(column)
	}
	return &in.levels[len(in.levels)-1]
}

// leave ends the levels of the innermost bracket from one on.
func (m *measurer) leave(from int) {
	in := m.inner()
	for _, l := range in.levels[from:] {
		m.depth--
		m.path -= l.length
	}
	in.levels = in.levels[:from]
}

// colon takes in that the token before is a key.
func (m *measurer) colon() {
	in := m.inner()
	in.colon = true
	l := m.last(m.previous.Position.Column)
	m.count(l)
	m.path += len(m.previous.Value) - l.length
	l.length = len(m.previous.Value)
}

// count counts a key, of the same level once in a line.
func (m *measurer) count(l *level) {
	if l.counted != m.line {
		l.counted = m.line
		l.keys++
	}
}

// unfilled counts a key, or a dash, behind which a line begins that can't be
// its value. The parser moves all that follows for each.
func (m *measurer) unfilled(t *token.Token) {
	in := m.inner()
	if len(in.levels) == 0 {
		return
	}
	column := in.levels[len(in.levels)-1].column
	switch {
	case m.dash && t.Position.Column <= column:
		m.empty++
	case m.previous.Type == token.MappingValueType && t.Position.Column < column,
		m.previous.Type == token.MappingValueType && t.Position.Column == column && t.Type != token.SequenceEntryType:
		m.empty++
	}
}

// separate takes in a comma or a closing bracket.
func (m *measurer) separate(t *token.Token) {
	in := m.inner()
	switch m.previous.Type {
	case token.MappingValueType:
		m.empty++
	case token.CollectEntryType, token.MappingStartType, token.SequenceStartType:
	default:
		if in.mapping && !in.colon {
			m.empty++ // {a, b}
		}
	}
	in.colon = false
	if t.Type != token.CollectEntryType && len(m.brackets) > 1 {
		m.leave(0)
		m.brackets = m.brackets[:len(m.brackets)-1]
		m.depth--
	}
}

// beyond returns the bound that is passed at a place.
func (m *measurer) beyond(at *token.Position) *Excess {
	keys := 0
	if in := m.inner(); len(in.levels) > 0 {
		keys = in.levels[len(in.levels)-1].keys
	}
	for _, one := range []struct {
		is, most   int
		what, hint string
	}{
		{keys, maxKeys, "a mapping has more than %d keys", "cut it into several, or write what it has as a list"},
		{m.depth, maxDepth, "mappings and lists are more than %d deep within each other", "nest less"},
		{m.empty, maxEmpty, "more than %d keys and entries of lists have no value", "write their values out, or leave the keys out"},
		{m.texts, maxTexts, "the file has more than %d texts between lines of dashes or dots", "split the file"},
		{m.paths, maxPaths, "the keys above all values together have more than %d bytes", "shorten the keys, or split the file"},
	} {
		if one.is > one.most {
			return &Excess{at.Line, at.Column, fmt.Sprintf(one.what, one.most), one.hint}
		}
	}
	return nil
}
