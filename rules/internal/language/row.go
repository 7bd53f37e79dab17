package language

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/parser/lexer"
)

// row is a row of comparisons as they are written: operands, and the
// operators between them.
type row struct {
	not       bool // stands before the first operand, an odd number of times
	operands  []string
	operators []string
}

// row finds the row that an operator is in.
func (s *source) row(operator int) row {
	var found row
	i := s.begin(operator)
	for ; s.isOperator(i, "not", "!"); i++ {
		found.not = !found.not
	}
	from := i
	for ; !s.separates(i) && !s.isBracket(i, ")]{}"); i++ {
		switch {
		case s.isBracket(i, "(["):
			i = slices.Index(s.opened, i)
		case s.isOperator(i, comparing...):
			end, written := i, s.tokens[i].Value
			if s.isOperator(i-1, "not") {
				end, written = i-1, "not "+written
			}
			found.operands, found.operators = append(found.operands, s.between(from, end)), append(found.operators, written)
			from = i + 1
		}
	}
	found.operands = append(found.operands, s.between(from, i))
	return found
}

// begin returns the token at which the row of an operator begins.
func (s *source) begin(operator int) int {
	i := operator
	for i > 0 && !s.separates(i-1) && !s.isBracket(i-1, "([{}") {
		if i--; s.opened[i] >= 0 {
			i = s.opened[i]
		}
	}
	return i
}

// separates reports whether a token stands between rows.
func (s *source) separates(i int) bool {
	return s.tokens[i].Kind == lexer.EOF || s.isOperator(i, "and", "or", "&&", "||", "?", ":", ";", ",", "=", "|", "if", "else", "let")
}

func (s *source) isOperator(i int, one ...string) bool { return s.tokens[i].Is(lexer.Operator, one...) }

func (s *source) isBracket(i int, one string) bool {
	return s.tokens[i].Kind == lexer.Bracket && strings.Contains(one, s.tokens[i].Value)
}

// between is the text of some tokens, on one line.
func (s *source) between(from, to int) string {
	if from >= to {
		return ""
	}
	text := string(s.text[s.tokens[from].From:s.tokens[to-1].To])
	if strings.Contains(text, "\n") {
		return strings.Join(strings.Fields(text), " ")
	}
	return text
}

// maxShown is how long a row can be that a hint repeats.
const maxShown = 200

// shown reports whether the row's own words can stand in a hint. A comment
// would swallow what is written behind it.
func (r row) shown() bool {
	all := strings.Join(r.operands, " ")
	return len(all) <= maxShown && !strings.Contains(all, "//") && !strings.Contains(all, "/*")
}

// negated says how to write a row that begins with not.
func (r row) negated() string {
	switch {
	case !r.shown():
		return "write not (a == b), or a != b"
	case !r.not:
		return "write " + r.joined()
	case len(r.operators) > 1:
		return "write not (" + r.joined() + ")"
	}
	hint := "write not (" + r.joined() + ")"
	if other := opposite(r.operators[0]); other != "" {
		hint += ", or " + r.operands[0] + " " + other + " " + r.operands[1]
	}
	return hint
}

// opposite is the operator that says what not before a comparison says, ""
// where there is none: not (a < b) also holds where a is missing.
func opposite(operator string) string {
	switch operator {
	case "==":
		return "!="
	case "!=":
		return "=="
	case "<", "<=", ">", ">=":
		return ""
	}
	if plain, negated := strings.CutPrefix(operator, "not "); negated {
		return plain
	}
	return "not " + operator
}

// linked says how to write a row of several comparisons.
func (r row) linked() string {
	switch {
	case !r.shown():
		return "write a == b and b == c"
	case r.not:
		return "write not (" + r.joined() + ")"
	}
	return "write " + r.joined()
}

// joined is the row as separate comparisons. Of texts and lists no row can be
// meant, so there the parentheses are put where expr has them.
func (r row) joined() string {
	text := r.operands[0] + " " + r.operators[0] + " " + r.operands[1]
	for i, operator := range r.operators[1:] {
		if slices.ContainsFunc(r.operators, func(o string) bool { return strings.ContainsFunc(o, isLetter) }) {
			text = "(" + text + ") " + operator + " " + r.operands[i+2]
		} else {
			text += " and " + r.operands[i+1] + " " + operator + " " + r.operands[i+2]
		}
	}
	return text
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' }
