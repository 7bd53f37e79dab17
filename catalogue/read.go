package catalogue

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/twmb/murmur3"

	"muster/event"
	"muster/spelling"
)

// Bounds of a table. A file that passes one is refused as a whole. Every
// evaluator keeps all of it in memory, some three times the size of the file.
const (
	MaxBytes   = 32 << 20
	MaxRows    = 250_000
	MaxColumns = 100
	MaxTables  = 20

	// MaxStored bounds the files of all catalogues that are stored together, as
	// beside definitions.
	MaxStored = 128 << 20

	maxName     = 200 // bytes of a column's name
	maxMistakes = 10  // that are told of one file
)

// Mistake is something wrong in a file.
type Mistake struct {
	Line    int // 1-based
	Message string
	Hint    string
}

// TooLarge says that a file has more bytes than a table may have.
func TooLarge(bytes int64) (message, hint string) {
	return fmt.Sprintf("the file has %d bytes; a catalogue may have %d", bytes, MaxBytes),
		"every evaluator keeps all of it in memory: leave out rows and columns that no rule asks for"
}

// Read makes a table of the content of a CSV file whose first line has the names
// of columns, of which key is the one that rows are known by.
func Read(data []byte, key string) (*Table, []Mistake) {
	r := &reading{}
	if len(data) > MaxBytes {
		r.wrong(1, "", "")
		r.mistakes[0].Message, r.mistakes[0].Hint = TooLarge(int64(len(data)))
		return nil, r.mistakes
	}
	text := strings.TrimPrefix(string(data), "\ufeff") // a mark that spreadsheets put first
	if at := invalid(text); at >= 0 {
		r.wrong(1+strings.Count(text[:at], "\n"), "save the file as UTF-8", "the file is not UTF-8 text")
		return nil, r.mistakes
	}
	r.csv = csv.NewReader(strings.NewReader(text))
	r.table = &Table{version: murmur3.Sum64([]byte(key + "\x00" + text)), rows: map[string]int32{}, byName: map[string]*Column{}}
	if r.header(key) {
		r.body()
	}
	if len(r.mistakes) > 0 {
		return nil, r.mistakes
	}
	for _, c := range r.table.columns {
		c.settle(r.lines)
	}
	return r.table, nil
}

// invalid returns where a text stops to be UTF-8, -1 where it does not.
func invalid(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, c := range text {
		if c == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
			return i
		}
	}
	return -1
}

// reading is a table on its way from a file.
type reading struct {
	csv      *csv.Reader
	table    *Table
	key      int     // the key's column
	lines    []int32 // of rows
	mistakes []Mistake
}

func (r *reading) wrong(line int, hint, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{Line: line, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// header reads the names of the columns.
func (r *reading) header(key string) bool {
	names, err := r.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		r.wrong(1, "the first line has the names of the columns, as "+key+",category,price", "the file is empty")
		return false
	case err != nil:
		r.syntax(err)
		return false
	case len(names) > MaxColumns:
		r.wrong(1, "leave out those that no rule asks for", "the file has %d columns; a catalogue may have %d", len(names), MaxColumns)
		return false
	}
	for i, name := range names {
		switch {
		case strings.TrimSpace(name) == "":
			r.wrong(1, "give it one, or take the column out", "column %d has no name", i+1)
		case name != strings.TrimSpace(name):
			r.wrong(1, "write the names without space around them", "the name of column %d, %q, has space around it", i+1, name)
		case len(name) > maxName:
			r.wrong(1, "the first line has the names of the columns", "the name of column %d has %d bytes; it may have %d", i+1, len(name), maxName)
		case r.table.byName[name] != nil:
			r.wrong(1, "give one of them another name", "two columns are called %s", name)
		}
		if name == key {
			r.key = i
		}
		c := &Column{Name: name, rows: r.table.rows}
		r.table.columns, r.table.byName[name] = append(r.table.columns, c), c
	}
	if r.table.byName[key] == nil && len(r.mistakes) == 0 {
		r.wrong(1, r.keyHint(key, names), "there is no column %s, which is the key", key)
	}
	return len(r.mistakes) == 0
}

func (r *reading) keyHint(key string, names []string) string {
	if len(names) == 1 && strings.ContainsAny(names[0], ";\t") {
		return "columns are separated by commas"
	}
	if near := spelling.Nearest(key, names); near != "" {
		return "did you mean key: " + near + "?"
	}
	return "the columns are " + strings.Join(names, ", ")
}

// body reads the rows.
func (r *reading) body() {
	for len(r.mistakes) < maxMistakes {
		cells, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		var syntax *csv.ParseError
		switch {
		case errors.As(err, &syntax) && errors.Is(err, csv.ErrFieldCount):
			r.wrong(syntax.StartLine, "each row has a cell for each column, empty ones too; a cell with a comma in it stands in quotes",
				"the row has %d cells, but there are %d columns", len(cells), len(r.table.columns))
			continue
		case err != nil:
			r.syntax(err)
			return
		}
		line, _ := r.csv.FieldPos(0)
		if !r.row(line, cells) {
			return
		}
	}
}

// row takes one in, and returns false where there are too many.
func (r *reading) row(line int, cells []string) bool {
	key := cells[r.key]
	first, twice := r.table.rows[key]
	switch {
	case key == "":
		r.wrong(line, "fill it in, or take the row out", "the row has no key: %s is empty", r.table.columns[r.key].Name)
		return true
	case twice:
		r.wrong(line, "leave one of the two rows out", "the key %q is there twice; first in line %d", key, r.lines[first])
		return true
	case len(r.lines) == MaxRows:
		r.wrong(line, "leave out those that no rule asks for", "there are more than %d rows, the most that a catalogue may have", MaxRows)
		return false
	}
	r.table.rows[key] = int32(len(r.lines))
	r.lines = append(r.lines, int32(line))
	for i, c := range r.table.columns {
		c.texts = append(c.texts, cells[i])
	}
	return true
}

// syntax says what the CSV reader has found.
func (r *reading) syntax(err error) {
	var at *csv.ParseError
	switch {
	case errors.As(err, &at) && errors.Is(err, csv.ErrQuote):
		r.wrong(at.StartLine, `a cell with a quote, a comma or a line break in it stands in quotes, and a quote in it is written ""`, "a quote is not where one can be")
	case errors.As(err, &at) && errors.Is(err, csv.ErrBareQuote):
		r.wrong(at.Line, `a cell with a quote in it stands in quotes, and the quote is written ""`, "a quote stands in a cell without quotes")
	case errors.As(err, &at):
		r.wrong(at.Line, "", "not CSV: %s", at.Err)
	default:
		r.wrong(1, "", "not CSV: %s", err)
	}
}

// settle finds out what kind the values are of, and keeps them as such.
func (c *Column) settle(lines []int32) {
	c.Kind, c.Mixed = c.kinds(lines)
	if c.Kind != event.KindNumber && c.Kind != event.KindBool {
		return
	}
	c.numbers = make([]float64, len(c.texts))
	for row, text := range c.texts {
		switch text {
		case "":
			c.numbers[row] = math.NaN()
		case "true":
			c.numbers[row] = 1
		case "false":
		default:
			c.numbers[row], _ = strconv.ParseFloat(text, 64) // kindOf has tried it
		}
	}
	c.texts = nil
}

// kinds returns the kind of all cells that are not empty. Where they are of
// several it is text, and mixed is the first that is a text itself, or else the
// first that is of another kind than those before it.
func (c *Column) kinds(lines []int32) (all event.Kind, mixed *Cell) {
	var text, other *Cell
	for row, cell := range c.texts {
		kind := kindOf(cell)
		if kind == event.KindMissing {
			continue
		}
		if all == event.KindMissing {
			all = kind
		}
		if kind != all && other == nil {
			other = &Cell{int(lines[row]), cell}
		}
		if kind == event.KindString && text == nil {
			text = &Cell{int(lines[row]), cell}
		}
	}
	switch {
	case other == nil:
		return all, nil
	case text == nil:
		return event.KindString, other
	}
	return event.KindString, text
}

// maxExact is the largest number up to which whole numbers are told apart.
const maxExact = 1 << 53

// kindOf returns the kind of a cell's value, by how JSON spells it. A number
// whose digits would be lost is a text, as is any other that JSON would not
// spell so, such as 007.
func kindOf(text string) event.Kind {
	switch {
	case text == "":
		return event.KindMissing
	case text == "true", text == "false":
		return event.KindBool
	case isNumber(text):
		if n, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(n) <= maxExact {
			return event.KindNumber
		}
	}
	return event.KindString
}

// isNumber reports whether JSON spells a number so.
func isNumber(text string) bool {
	text = strings.TrimPrefix(text, "-")
	whole := digits(text)
	if whole == 0 || whole > 1 && text[0] == '0' {
		return false
	}
	text = text[whole:]
	if strings.HasPrefix(text, ".") {
		fraction := digits(text[1:])
		if fraction == 0 {
			return false
		}
		text = text[1+fraction:]
	}
	if text != "" && (text[0] == 'e' || text[0] == 'E') {
		text = text[1:]
		if text != "" && (text[0] == '+' || text[0] == '-') {
			text = text[1:]
		}
		if exponent := digits(text); exponent > 0 {
			return exponent == len(text)
		}
		return false
	}
	return text == ""
}

// digits counts the digits at the beginning of a text.
func digits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}
