package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"muster/spelling"
)

// The YAML package stops at the first setting that it can't place. These
// checks come before it and tell of all of them.

// keyErrors has a line for each mistake, in the form of Validate's.
type keyErrors struct{ error }

// checkKeys returns keyErrors with a line for each setting of a text that
// nobody knows, and for each duration that is none, in the order of the text.
// A duration that is 0 becomes 0s.
func checkKeys(root ast.Node) error {
	check := &keyCheck{all: settings(reflect.TypeFor[Config](), "")}
	check.section(root, reflect.TypeFor[Config](), "")
	if len(check.problems) == 0 {
		return nil
	}
	return keyErrors{errors.Join(check.problems...)}
}

// settings returns the paths of all settings, as kafka.tls.enabled.
func settings(of reflect.Type, above string) (paths []string) {
	for name, kind := range fields(of) {
		paths = append(append(paths, above+name), settings(kind, above+name+".")...)
	}
	slices.Sort(paths)
	return paths
}

// fields returns the settings of a section by name; none for what is no
// section.
func fields(of reflect.Type) map[string]reflect.Type {
	if of.Kind() != reflect.Struct {
		return nil
	}
	found := map[string]reflect.Type{}
	for i := range of.NumField() {
		if name := of.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			found[name] = of.Field(i).Type
		}
	}
	return found
}

type keyCheck struct {
	all      []string // paths of settings
	problems []error
}

// section checks what a node says of a section.
func (k *keyCheck) section(node ast.Node, of reflect.Type, above string) {
	known := fields(of)
	if len(known) == 0 {
		return
	}
	for _, pair := range pairs(node) {
		name := pair.Key.GetToken().Value
		kind, ok := known[name]
		switch {
		case pair.Key.IsMergeKey():
			k.section(pair.Value, of, above)
		case !ok:
			k.refuse(pair.Key, above, "%s is no setting%s", name, k.meant(name, above, known))
		case kind == reflect.TypeFor[time.Duration]():
			k.duration(pair, above, name)
		default:
			k.section(pair.Value, kind, above+name+".")
		}
	}
}

// pairs returns the keys and values that a node has itself. What stands behind
// an alias is checked where it stands.
func pairs(node ast.Node) []*ast.MappingValueNode {
	switch node := node.(type) {
	case *ast.AnchorNode:
		return pairs(node.Value)
	case *ast.MappingNode:
		return node.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}
	}
	return nil
}

// meant says which setting may have been meant by a name.
func (k *keyCheck) meant(name, above string, known map[string]reflect.Type) string {
	var names []string
	for n := range known {
		names = append(names, n)
	}
	slices.Sort(names)
	if near := spelling.Nearest(name, names); near != "" {
		return "; did you mean " + near + "?"
	}
	for _, path := range k.all {
		if path == above+name || path != name && !strings.HasSuffix(path, "."+name) {
			continue
		}
		return "; did you mean " + path + "?"
	}
	if near := spelling.Near(name, names, 1); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return "; there are " + strings.Join(names, ", ")
}

// duration refuses a number without a unit, and what else is no duration. Zero
// needs no unit, but the YAML package knows durations as texts only.
func (k *keyCheck) duration(pair *ast.MappingValueNode, above, name string) {
	switch node := pair.Value.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		text := node.GetToken().Value
		if number, err := strconv.ParseFloat(text, 64); err == nil && number == 0 {
			pair.Value = ast.String(token.String("0s", "0s", node.GetToken().Position))
			return
		}
		k.refuse(node, above, "%s: %s has no unit; write %ss for seconds, %sms for milliseconds", name, text, text, text)
	case *ast.StringNode:
		if _, err := time.ParseDuration(node.Value); err != nil {
			k.refuse(node, above, "%s: %q is no duration; write one as 250ms, 5s or 1h30m", name, node.Value)
		}
	}
}

// refuse adds a line in the form of Validate's.
func (k *keyCheck) refuse(node ast.Node, above, format string, arguments ...any) {
	at := node.GetToken().Position
	section, rest, inside := strings.Cut(above, ".")
	if inside {
		section += ": " + rest
	}
	k.problems = append(k.problems, fmt.Errorf("  [%d:%d] %s%s", at.Line, at.Column, section, fmt.Sprintf(format, arguments...)))
}
