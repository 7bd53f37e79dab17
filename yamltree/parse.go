package yamltree

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// Parse returns the syntax tree of a text, in which keys may stand twice. The
// error is an *Excess for a text that would keep the parser busy for long, and
// one of the YAML package for a text that is no YAML.
func Parse(text string) (*ast.File, error) { return parse(text, parser.AllowDuplicateMapKey()) }

// ParseOnce is Parse for a text in which no key may stand twice, and whose
// mappings nobody goes through by Walk, which would tell of that better.
func ParseOnce(text string) (*ast.File, error) { return parse(text) }

func parse(text string, options ...parser.Option) (*ast.File, error) {
	if beyond := blanks(text); beyond != nil {
		return nil, beyond
	}
	tokens := lexer.Tokenize(text)
	if beyond := measure(tokens); beyond != nil {
		return nil, beyond
	}
	return parser.Parse(tokens, 0, options...)
}
