package credentials

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/goccy/go-yaml/ast"
)

// masked stands for a secret that is not shown.
const masked = "***"

// Secret is a text that no way of printing shows: fmt with any verb, JSON,
// YAML, and zap, which goes by them. The zero Secret is empty and is shown as
// the empty text, so that whether there is one can be seen.
//
// The text is behind a pointer because fmt calls no methods on what it finds
// in unexported fields. There it prints the address.
type Secret struct {
	text *string
}

// NewSecret returns a Secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text. Give it to a server and to nobody else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s Secret) Empty() bool { return s.text == nil }

// String returns *** or, for an empty secret, "".
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return masked
}

// Format implements fmt.Formatter, as verbs such as %d would go past String.
func (s Secret) Format(out fmt.State, verb rune) {
	if verb == 'q' || verb == 'v' && out.Flag('#') {
		_, _ = fmt.Fprintf(out, "%q", s.String())
		return
	}
	_, _ = io.WriteString(out, s.String())
}

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalYAML implements the marshaler of goccy/go-yaml.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// UnmarshalYAML implements the node unmarshaler of goccy/go-yaml. It takes
// only text: a number may have been written in a way that is lost, as 0123 is.
func (s *Secret) UnmarshalYAML(node ast.Node) error {
	switch n := node.(type) {
	case *ast.NullNode:
		*s = Secret{}
	case *ast.StringNode:
		*s = NewSecret(n.Value)
	case *ast.LiteralNode:
		*s = NewSecret(n.Value.Value)
	default:
		at := node.GetToken().Position
		return fmt.Errorf("[%d:%d] a secret must be text: put it in quotes", at.Line, at.Column)
	}
	return nil
}
