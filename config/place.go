package config

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
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

// mistake is the beginning of a line of Validate: the section, perhaps what
// kind of limit it is about, and what may be the names of a value in it.
var mistake = regexp.MustCompile(`^  ([a-z]+): (event limit |profile limit |)([a-z_.]*)`)

// limits are the settings in a section that hold the limits of a kind.
var limits = map[string]string{"event limit ": "events.", "profile limit ": "profiles."}

// placed puts the place of each value that is wrong before its line. What the
// text leaves out has the place of the nearest that it is in, if any.
func placed(err error, text []byte) error {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		if found := mistake.FindStringSubmatch(line); found != nil {
			path := found[1] + "." + limits[found[2]] + found[3]
			lines[i] = "  " + nearest(text, path) + strings.TrimPrefix(line, "  ")
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// nearest returns the place of a value, or of the innermost it is in that the
// text has.
func nearest(text []byte, path string) string {
	for path != "" {
		if at := placeOf(text, strings.Trim(path, ".")); at != "" {
			return at
		}
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
	}
	return ""
}
