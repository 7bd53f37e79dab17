package rules

import (
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// ruleText returns a rule's text and its origin. Folded lines keep their
// breaks, which mean nothing in a rule: mistakes then have their line, and a
// // comment ends where its line ends.
func (r *yamlReader) ruleText(n ast.Node) (string, *origin) {
	value, from := r.text(n, "rule"), r.originOf(n)
	if block, ok := n.(*ast.LiteralNode); ok {
		return r.blockText(block, value, from)
	}
	spelled := scalar{lines: r.lines, line: from.line - 1, column: from.column - 1}
	switch n.GetToken().Type {
	case token.SingleQuoteType:
		spelled.quote = '\''
	case token.DoubleQuoteType:
		spelled.quote = '"'
	}
	if !spelled.read([]rune(value)) {
		return value, from
	}
	from.fixed, from.cut = false, spelled.quote == 0 && spelled.comment()
	from.column = spelled.characters[0].column + 1
	if spelled.folded() {
		from.characters = spelled.characters
	}
	return string(spelled.text), from
}

func (r *yamlReader) blockText(n *ast.LiteralNode, value string, from *origin) (string, *origin) {
	first := n.Start.Position.Line // the line behind the one with > or |
	if first >= len(r.lines) {
		return value, from
	}
	for first+1 < len(r.lines) && strings.TrimSpace(r.lines[first]) == "" {
		first++
	}
	indent := len(r.lines[first]) - len(strings.TrimLeft(r.lines[first], " "))
	var text []string
	for _, line := range r.lines[first:] {
		if blank := strings.TrimSpace(line) == ""; !blank && len(line)-len(strings.TrimLeft(line, " ")) < indent {
			break
		}
		text = append(text, line[min(indent, len(line)):])
	}
	raw := strings.TrimRight(strings.Join(text, "\n"), " \n")
	if !slices.Equal(strings.Fields(raw), strings.Fields(value)) {
		return value, from
	}
	return raw, &origin{file: r.file, lines: r.lines, line: first + 1, column: indent + 1, block: true}
}

// lineColumn is where a character stands in a file, both counted from 0.
type lineColumn struct{ line, column int }

// scalar reads a plain or quoted scalar a second time, along the value that
// the YAML parser found, to learn where each of its characters stands.
type scalar struct {
	lines        []string
	line, column int
	quote        rune // 0 for a plain scalar
	row          []rune
	text         []rune
	characters   []lineColumn // of each character of text, and of its end
}

// read reports whether the file spells value from the scalar's start on.
func (s *scalar) read(value []rune) bool {
	if s.line >= len(s.lines) {
		return false
	}
	s.row = []rune(s.lines[s.line])
	if s.quote != 0 {
		s.column++
	}
	for len(value) > 0 {
		if s.column >= len(s.row) {
			if value = s.fold(value); s.line >= len(s.lines) {
				return false
			}
			continue
		}
		n := s.width()
		switch {
		case n > 1, s.row[s.column] == value[0]:
			s.add(value[0])
			value, s.column = value[1:], s.column+n
		case n == 1 && unicode.IsSpace(s.row[s.column]), n == 0:
			s.column++
		default:
			return false
		}
	}
	s.characters = append(s.characters, lineColumn{s.line, s.column})
	return true
}

func (s *scalar) add(r rune) {
	s.text = append(s.text, r)
	s.characters = append(s.characters, lineColumn{s.line, s.column})
}

// width is how many characters of the row spell the next one of the value;
// 0 for the \ that joins two lines.
func (s *scalar) width() int {
	next := rune(0)
	if s.column+1 < len(s.row) {
		next = s.row[s.column+1]
	}
	switch {
	case s.quote == '\'' && s.row[s.column] == '\'' && next == '\'':
		return 2
	case s.quote != '"' || s.row[s.column] != '\\':
		return 1
	}
	switch next {
	case 0:
		return 0
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}

// fold goes to the next line. The value has white space where it breaks,
// which becomes a line break here.
func (s *scalar) fold(value []rune) []rune {
	for len(value) > 0 && unicode.IsSpace(value[0]) {
		s.add('\n')
		value = value[1:]
	}
	if n := len(s.text); n > 0 && s.text[n-1] == ' ' {
		s.text[n-1] = '\n'
	}
	s.line, s.column = s.line+1, 0
	if s.line < len(s.lines) {
		s.row = []rune(s.lines[s.line])
		for s.column < len(s.row) && unicode.IsSpace(s.row[s.column]) {
			s.column++
		}
	}
	return value
}

// folded reports whether the text stands there in another form than its
// own: over several lines, or with escapes.
func (s *scalar) folded() bool {
	first, last := s.characters[0], s.characters[len(s.characters)-1]
	return last.line != first.line || last.column-first.column != len(s.text)
}

// comment reports whether a YAML comment follows on the scalar's last line.
func (s *scalar) comment() bool {
	return s.column < len(s.row) && strings.HasPrefix(strings.TrimLeft(string(s.row[s.column:]), " \t"), "#")
}
