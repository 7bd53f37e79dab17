package rules

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// An example stands in YAML for JSON that will come from Kafka. A scalar
// without quotes of which the two, or two versions of YAML, make different
// values would test what never comes: 01234 is 668 here and no JSON at all,
// and an author of it means a text. So these are refused.

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	// yamlNumber is what some version of YAML takes for a number.
	yamlNumber = regexp.MustCompile(`^[-+]?(0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?)$`)
	yamlTrue   = regexp.MustCompile(`^(y|Y|yes|Yes|YES|on|On|ON|True|TRUE)$`)
	yamlFalse  = regexp.MustCompile(`^(n|N|no|No|NO|off|Off|OFF|False|FALSE)$`)
)

// jsonLike reports whether all that an example says is read as the same in
// JSON, and notes where it is not.
func (r *yamlReader) jsonLike(example ast.Node) bool {
	before := len(r.errs)
	ast.Walk(plainScalars{r}, example)
	return len(r.errs) == before
}

// plainScalars looks at every value of a tree and at every key.
type plainScalars struct{ reader *yamlReader }

// Visit implements ast.Visitor.
func (p plainScalars) Visit(node ast.Node) ast.Visitor {
	switch n := node.(type) {
	case *ast.MappingValueNode:
		p.key(n.Key)
		ast.Walk(p, n.Value)
		return nil
	case *ast.StringNode:
		if n.GetToken().Type == token.StringType {
			p.value(n, false)
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode, *ast.BoolNode, *ast.NullNode:
		p.value(n, true)
	}
	return p
}

// value refuses a plain scalar that is no value of JSON's, or that YAML here
// takes for a text and JSON for something else.
func (p plainScalars) value(n ast.Node, typed bool) {
	text := n.GetToken().Value
	if n.GetToken().Type == token.ImplicitNullType {
		p.reader.wrong(n, `write null, or "" for an empty text`, "a value is missing")
		return
	}
	isJSON := text == "true" || text == "false" || text == "null" || jsonNumber.MatchString(text)
	if isJSON == typed && (typed || !yamlNumber.MatchString(text) && !yamlTrue.MatchString(text) && !yamlFalse.MatchString(text)) {
		return
	}
	hint := "write " + strconv.Quote(text) + " for a text"
	if other := meant(n, text); other != "" {
		hint += ", or " + other
	}
	p.reader.wrong(n, hint, "YAML and JSON read %s differently", text)
}

// key refuses a key that would come out in other letters. In JSON all keys
// are texts.
func (p plainScalars) key(key ast.MapKeyNode) {
	text := key.GetToken().Value
	switch key.(type) {
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
	case *ast.IntegerNode:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
			return
		}
	case *ast.BoolNode, *ast.NullNode:
		if text == "true" || text == "false" || text == "null" {
			return
		}
	default:
		return
	}
	p.reader.wrong(key, "write "+strconv.Quote(text), "YAML and JSON read the key %s differently", text)
}

// meant is the value of JSON's that a plain scalar may stand for, "" where
// there is none.
func meant(n ast.Node, text string) string {
	switch {
	case yamlTrue.MatchString(text):
		return "true"
	case yamlFalse.MatchString(text):
		return "false"
	case n.Type() == ast.NullType:
		return "null"
	case yamlNumber.MatchString(text):
		return plainNumber(text) + " for a number"
	}
	return ""
}

// plainNumber spells a number as YAML and JSON both read it. A zero before it
// is taken for one that somebody wrote, not for YAML's sign of base 8.
func plainNumber(text string) string {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "+"), "_", "")
	based := strings.ContainsAny(text, "xXoO") || strings.Contains(strings.ToLower(text), "0b")
	if whole, ok := new(big.Int).SetString(text, 0); ok && based {
		return whole.String()
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return "another"
	case f > -1e15 && f < 1e15:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	digits, power, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	return digits + "e" + power
}
