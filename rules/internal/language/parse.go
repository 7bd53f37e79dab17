package language

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// MaxSource is the length of the longest rule, in bytes. It is checked
// before parsing because deep nesting overflows the parser's stack.
const MaxSource = 16 << 10

// Mistake is something wrong in a rule's text.
type Mistake struct {
	From    int // in runes
	Message string
	Hint    string
}

// unreadable says why a text can't be a rule at all, nil when it may be one.
func unreadable(text string) *Mistake {
	if strings.TrimSpace(text) == "" {
		return &Mistake{Message: "the rule is empty", Hint: `write a condition, as traits.plan == "pro"`}
	}
	if len(text) > MaxSource {
		return &Mistake{
			Message: fmt.Sprintf("the rule is %d bytes long; the limit is %d", len(text), MaxSource),
			Hint:    splitHint,
		}
	}
	return nil
}

// parse returns the syntax tree of a rule's text.
func parse(text string) (ast.Node, *Mistake) {
	tree, err := parser.Parse(text)
	if err == nil {
		return tree.Node, nil
	}
	var at *file.Error
	if !errors.As(err, &at) {
		return nil, &Mistake{Message: err.Error()}
	}
	return nil, syntaxMistake([]rune(text), at)
}

// syntaxMistake says in the words of rule authors what expr's parser found.
func syntaxMistake(text []rune, at *file.Error) *Mistake {
	found := &Mistake{From: min(at.From, len(text)), Message: strings.TrimPrefix(at.Message, "compilation failed: ")}
	unexpected := unexpectedToken.FindStringSubmatch(found.Message)
	switch {
	case strings.Contains(found.Message, "token EOF"), strings.Contains(found.Message, "unexpected end of expression"):
		found.Message = "the rule ends too early"
		found.Hint = "something is missing at the end: a closing bracket or the right side of an operator"
		found.From = len([]rune(strings.TrimRightFunc(string(text), unicode.IsSpace)))
	case unexpected != nil:
		found.Message, found.Hint = "unexpected "+unexpected[1], tokenHints[strings.ToLower(unexpected[1])]
		if example := mapUsage[openCall(text[:found.From])]; unexpected[1] == "." && example != "" {
			found.Hint = "write map for what is taken of each, as " + example
		}
		if unexpected[1] == ">" && found.From > 0 && text[found.From-1] == '<' {
			found.Hint = "inequality is written !="
		}
	case found.Message == "literal not terminated":
		found.Message, found.Hint = "the string is not closed", "close it with the quote it was opened with, on the same line"
		found.From = unclosedAt(text, found.From)
	case found.Message == "unclosed comment":
		found.Hint, found.From = "close it with */", unclosedAt(text, found.From)
	case strings.HasPrefix(found.Message, "invalid char escape"):
		found.Message, found.Hint = `\ does not go with the character behind it`, `a backslash in a string is written \\`
	case found.Message == "expected name":
		found.Message, found.Hint = "a name is missing behind the dot", `as traits.plan; a name with other characters is traits["first name"]`
	case strings.Contains(found.Message, "literal: "):
		found.Message, found.Hint = "the number can't be read", "numbers are exact up to 9007199254740992"
		found.From = wordStart(text, found.From)
	case strings.HasPrefix(found.Message, "expected at least"):
		found.Message, found.Hint = "an argument is missing", `as count(events("A"), .price > 10) > 2`
	case strings.Contains(found.Message, "maximum allowed nodes"):
		found.Message, found.Hint = "the rule has too many parts", splitHint
	}
	return found
}

const splitHint = `split it into several segments and combine them with segment("...")`

// unexpectedToken takes the parser's name of a token off its text.
var unexpectedToken = regexp.MustCompile(`^unexpected token \w+\("(.*)"\)$`)

// tokenHints explains what people who know SQL or JavaScript write.
var tokenHints = map[string]string{
	"=":       "equality is written ==",
	"and":     "write and in small letters, between two conditions",
	"or":      "write or in small letters, between two conditions",
	"not":     "write not in small letters, before a condition",
	"in":      `write in small letters, as traits.country in ["DE", "FR"]`,
	"is":      "test with == nil or != nil",
	"like":    `use contains, startsWith or endsWith, as traits.email endsWith ".com"`,
	"between": "as traits.age in 18..25, or 18 <= traits.age and traits.age <= 25",
	"&":       "write and",
	"#":       `# stands in a predicate, as any(traits.tags, # == "vip")`,
	".":       `a trait is traits.price; a property stands in a predicate, as any(events("A"), .price > 10)`,
	")":       "a value is missing before it, or its opening bracket",
}

// mapUsage shows words that take values, and so no property beside a list.
var mapUsage = map[string]string{
	"uniq": `len(uniq(map(events("A"), .sku))); around lists put flatten, as ` + flattenUsage, "min": "min(map(traits.items, .price))",
	"max": "max(map(traits.items, .price))", "mean": "mean(map(traits.items, .price))",
}

// openCall returns the name of the function whose bracket is the last one
// that is still open at the end of a text, "" for none.
func openCall(text []rune) string {
	depth := 0
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth < 0 {
				return string(text[wordStart(text, i):i])
			}
		}
	}
	return ""
}

// unclosedAt returns where the string or comment begins that is not closed at
// until.
func unclosedAt(text []rune, until int) int {
	opened, closing := until, ""
	for i := 0; i < until; i++ {
		rest := string(text[i:min(i+2, len(text))])
		switch {
		case closing == "" && rest == "//":
			for i < until && text[i] != '\n' {
				i++
			}
		case closing == "" && rest == "/*":
			opened, closing = i, "*/"
			i++
		case closing == "" && strings.ContainsRune("\"'`", text[i]):
			opened, closing = i, string(text[i])
		case closing != "" && closing != "*/" && closing != "`" && text[i] == '\\':
			i++
		case closing != "" && strings.HasPrefix(rest, closing):
			i += len(closing) - 1
			opened, closing = until, ""
		}
	}
	return opened
}

// wordStart returns where the last letters and digits before a position
// begin.
func wordStart(text []rune, at int) int {
	for at > 0 && unicode.IsSpace(text[at-1]) {
		at--
	}
	for at > 0 && (text[at-1] == '_' || unicode.IsLetter(text[at-1]) || unicode.IsDigit(text[at-1])) {
		at--
	}
	return at
}
