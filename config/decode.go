package config

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"muster/stream"
	"muster/yamltree"
)

// maxConfig is the size of a configuration in bytes. yamltree has bounds of what
// else the YAML package would take long for.
const maxConfig = 64 << 10

// decode sets what a YAML text says and leaves the rest as it is, but for the
// names that follow redis.prefix.
func (c *Config) decode(text []byte, lookup func(string) (string, bool)) error {
	c.Kafka.Group, c.Kafka.ClientID, c.Kafka.Keyed = stream.Unnamed, stream.Unnamed, stream.Unnamed
	if err := c.set(text, lookup); err != nil {
		return err
	}
	c.Kafka.Follow(c.Redis.Prefix)
	return nil
}

// set sets what a YAML text says. Unknown keys are refused. ${NAME} within a
// value becomes the environment variable, $${NAME} stays ${NAME}.
func (c *Config) set(text []byte, lookup func(string) (string, bool)) error {
	if len(text) > maxConfig {
		return fmt.Errorf("it has more than %d bytes; take out what is no setting", maxConfig)
	}
	file, err := yamltree.ParseOnce(string(text))
	var beyond *yamltree.Excess
	switch {
	case errors.As(err, &beyond):
		return fmt.Errorf("[%d:%d] %s; %s", beyond.Line, beyond.Column, beyond.Message, beyond.Hint)
	case err != nil:
		return formatted(err, text)
	}
	if len(file.Docs) > 1 {
		return errors.New("it holds several YAML documents; keep one")
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		env := &environment{lookup: lookup}
		ast.Walk(env, doc.Body)
		if env.err != nil {
			return env.err
		}
		if err := checkKeys(doc.Body); err != nil {
			return err
		}
		err := yaml.NodeToValue(doc.Body, c, yaml.Strict())
		if err != nil && !errors.Is(err, io.EOF) {
			return formatted(err, text)
		}
	}
	return nil
}

// formatted returns an error whose text shows the line and a caret, or only
// says where when the configuration has a password written into it.
func formatted(err error, text []byte) error {
	return errors.New(strings.TrimRight(yaml.FormatError(err, false, !showsPassword(text)), "\n"))
}

var passwords = regexp.MustCompile(`\bpassword["']?\s*:\s*["']?(\S*)`)

// showsPassword errs on the safe side.
func showsPassword(text []byte) bool {
	for _, found := range passwords.FindAllSubmatch(text, -1) {
		value := strings.Trim(string(found[1]), `"',}`)
		if value != "" && !strings.HasPrefix(value, "${") && !strings.HasPrefix(value, "#") {
			return true
		}
	}
	return false
}

var reference = regexp.MustCompile(`\$?\$\{([^}]*)\}`)

// environment is a visitor that puts environment variables into values. It
// works on the parsed tree, so a secret may hold any character.
type environment struct {
	lookup func(string) (string, bool)
	err    error // all variables that are missing
}

// Visit is ast.Visitor's.
func (e *environment) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.StringNode:
		n.Value = e.expand(n, n.Value)
	case *ast.LiteralNode:
		e.Visit(n.Value)
	}
	return e
}

func (e *environment) expand(n ast.Node, text string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if found[1] == '$' {
			return found[1:]
		}
		name := found[2 : len(found)-1]
		value, ok := e.lookup(name)
		if !ok {
			at := n.GetToken().Position
			e.err = errors.Join(e.err, fmt.Errorf("[%d:%d] the environment variable %s is not set; set it, or write $${%s} for the text itself", at.Line, at.Column, name, name))
		}
		return value
	})
}
