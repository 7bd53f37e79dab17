package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// Whatever is wrong with a configuration is told with the line it stands in.

// placeOf returns "[line:column] " of a value, "" when the text has none.
func placeOf(text []byte, path string) string {
	wanted, err := yaml.PathString("$." + path)
	if err != nil {
		return ""
	}
	node, err := wanted.ReadNode(bytes.NewReader(text))
	if err != nil {
		return ""
	}
	at := node.GetToken().Position
	return fmt.Sprintf("[%d:%d] ", at.Line, at.Column)
}

// mistake is the beginning of a line of Validate: the section and what may be
// the names of a value in it.
var mistake = regexp.MustCompile(`^  ([a-z]+): ([a-z_]*)`)

// placed puts the place of each value that is wrong before its line, or that
// of its section. What the text leaves out has none.
func placed(err error, text []byte) error {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		found := mistake.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		at := placeOf(text, found[1]+"."+found[2])
		if found[2] == "" || at == "" {
			at = placeOf(text, found[1])
		}
		lines[i] = "  " + at + strings.TrimPrefix(line, "  ")
	}
	return errors.New(strings.Join(lines, "\n"))
}

// durationError gives an error about a duration the place of the first text
// that has it, which the YAML package leaves out.
func durationError(n ast.Node, err error) error {
	found := &durationFinder{wanted: err.Error()}
	ast.Walk(found, n)
	if found.node == nil {
		return err
	}
	return &yaml.SyntaxError{Message: err.Error(), Token: found.node.GetToken()}
}

// durationFinder is a visitor that looks for a text which is no duration.
type durationFinder struct {
	wanted string // what time.ParseDuration says about it
	node   ast.Node
}

// Visit is ast.Visitor's.
func (f *durationFinder) Visit(n ast.Node) ast.Visitor {
	if text, ok := n.(*ast.StringNode); ok && f.node == nil {
		if _, err := time.ParseDuration(text.Value); err != nil && err.Error() == f.wanted {
			f.node = n
		}
	}
	return f
}
