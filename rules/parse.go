package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// MaxSource is the length of the longest rule, in bytes. It is checked
// before parsing because deep nesting overflows the parser's stack.
const MaxSource = 16 << 10

// mistake is something wrong at a place in a rule's text.
type mistake struct {
	from    int // in runes
	message string
	hint    string
}

// parse returns the syntax tree of a rule's text.
func parse(text string) (ast.Node, *mistake) {
	if strings.TrimSpace(text) == "" {
		return nil, &mistake{message: "the rule is empty", hint: `write a condition, as traits.plan == "pro"`}
	}
	if len(text) > MaxSource {
		return nil, &mistake{
			message: fmt.Sprintf("the rule is %d bytes long; the limit is %d", len(text), MaxSource),
			hint:    `split it into several segments and combine them with segment("...")`,
		}
	}
	tree, err := parser.Parse(text)
	if err == nil {
		return tree.Node, nil
	}
	var at *file.Error
	if !errors.As(err, &at) {
		return nil, &mistake{message: err.Error()}
	}
	return nil, &mistake{from: at.From, message: syntaxMessage(at.Message), hint: syntaxHint(at.Message)}
}

func syntaxMessage(m string) string {
	m = strings.TrimPrefix(m, "compilation failed: ")
	m = strings.ReplaceAll(m, "token EOF", "end of the rule")
	return m
}

// syntaxHint explains the mistakes that people new to expr make most.
func syntaxHint(m string) string {
	switch {
	case strings.Contains(m, `Operator("=")`), strings.Contains(m, `U+003D '='`):
		return "equality is written =="
	case strings.Contains(m, "unexpected end of expression"), strings.Contains(m, "unexpected token EOF"):
		return "something is missing at the end: a closing bracket or the right side of an operator"
	case strings.Contains(m, "literal not terminated"):
		return "close the string with the quote it was opened with"
	}
	return ""
}
