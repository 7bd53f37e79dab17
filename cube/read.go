package cube

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"muster/profile"
	"muster/rules"
	"muster/spelling"
	"muster/yamltree"
)

// Read returns the cubes that files declare under the key cubes, or every
// mistake in them, as rules.Errors. Other keys are of others: segments may stand
// in the same file.
func Read(sources ...rules.Source) ([]*Cube, error) {
	all := &reading{first: map[string]string{}}
	for _, s := range sources {
		all.file(s)
	}
	if len(all.errs) > 0 {
		return nil, all.errs
	}
	return all.cubes, nil
}

// reading reads the cubes of files one after the other.
type reading struct {
	cubes []*Cube
	errs  rules.Errors
	first map[string]string // where each id stands

	name  string // of the file at hand
	lines []string
}

func (r *reading) file(s rules.Source) {
	text := strings.TrimPrefix(string(s.Data), "\ufeff")
	r.name, r.lines = s.Name, strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if !utf8.ValidString(text) {
		r.at(1, 1, "the file is not UTF-8 text", "save it as UTF-8")
		return
	}
	tree, err := yamltree.Parse(text)
	var beyond *yamltree.Excess
	var syntax yaml.Error
	switch {
	case errors.As(err, &beyond):
		r.at(beyond.Line, beyond.Column, beyond.Message, beyond.Hint)
		return
	case errors.As(err, &syntax) && syntax.GetToken() != nil:
		p := syntax.GetToken().Position
		r.at(p.Line, p.Column, "not YAML: "+syntax.GetMessage(), "check indentation and quotes around this line")
		return
	case err != nil:
		r.at(1, 1, "not YAML: "+err.Error(), "")
		return
	}
	for _, doc := range tree.Docs {
		pairs, _ := yamltree.Pairs(doc.Body)
		for _, pair := range pairs {
			if yamltree.Key(pair) == "cubes" {
				r.list(pair.Value, "cubes", r.cube)
			}
		}
	}
}

func (r *reading) at(line, column int, message, hint string) {
	e := &rules.Error{File: r.name, Line: line, Column: column, Message: message, Hint: hint}
	if line >= 1 && line <= len(r.lines) {
		e.Source = r.lines[line-1]
	}
	r.errs = append(r.errs, e)
}

func (r *reading) wrong(n ast.Node, hint, format string, args ...any) {
	p := yamltree.Start(n)
	r.at(p.Line, p.Column, fmt.Sprintf(format, args...), hint)
}

func (r *reading) list(n ast.Node, what string, each func(ast.Node)) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.wrong(n, "start each entry with -", "%s must be a list", what)
		return
	}
	for _, v := range list.Values {
		each(v)
	}
}

// cubeKeys are the keys of a cube that are no measure.
var cubeKeys = []string{"id", "events", "dimensions"}

// cube reads one entry. A key that nobody knows is a measure where its value is
// written like one.
func (r *reading) cube(n ast.Node) {
	before := len(r.errs)
	c := &Cube{}
	var id, events ast.Node
	known := slices.Clone(cubeKeys)
	pairs, _ := yamltree.Pairs(n)
	for _, pair := range pairs {
		if text, ok := textOf(pair.Value); ok && !slices.Contains(known, yamltree.Key(pair)) && strings.Contains(text, "(") {
			known = append(known, yamltree.Key(pair))
		}
	}
	walk := yamltree.Walk{Wrong: r.wrong, KeyHint: r.keyHint}
	ok := walk.Mapping(n, "a cube", known, func(key int, value ast.Node) {
		switch key {
		case 0:
			id, c.ID = value, r.text(value, "id")
		case 1:
			events, c.Events = value, r.text(value, "events")
		case 2:
			r.list(value, "dimensions", func(n ast.Node) { r.dimension(c, n) })
		default:
			r.measure(c, known[key], value)
		}
	})
	if !ok {
		return
	}
	r.identity(c, n, id)
	r.events(c, n, events)
	r.bounds(c, n)
	if len(r.errs) == before {
		c.name = c.key() // so that nobody writes it later, from several goroutines
		r.cubes = append(r.cubes, c)
	}
}

func (r *reading) keyHint(key, _ string, known []string) string {
	if near := spelling.Nearest(key, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "the keys are " + strings.Join(cubeKeys, ", ") + "; any other is the name of a measure, as clicks: count(.clicked)"
}

// identity checks the id, and that no other cube has it.
func (r *reading) identity(c *Cube, n, id ast.Node) {
	switch {
	case id == nil:
		r.wrong(n, "add id: with 1 to 64 of the characters a-z, 0-9 and -", "the cube has no id")
		return
	case c.ID != "" && !idForm.MatchString(c.ID):
		r.wrong(id, "an id is 1 to 64 of the characters a-z, 0-9 and -", "the id %q can't be used", c.ID)
		return
	case c.ID == "":
		return // said already
	}
	if first, twice := r.first[c.ID]; twice {
		r.wrong(id, "give one of them another id", "the id %s is used twice; first at %s", c.ID, first)
		return
	}
	r.first[c.ID] = fmt.Sprintf("%s:%d", r.name, yamltree.Start(id).Line)
	if len(r.first) == MaxCubes+1 {
		r.wrong(n, "leave some out, or count by more dimensions in fewer cubes", "there are more than %d cubes", MaxCubes)
	}
}

// events checks the name of the events.
func (r *reading) events(c *Cube, n, events ast.Node) {
	if events == nil {
		r.wrong(n, `add events:, as events: "Ad Viewed"`, "the cube does not say which events it counts")
		return
	}
	name, star := strings.CutSuffix(c.Events, "*")
	switch {
	case c.Events == "":
		return // said already
	case strings.Contains(name, "*"):
		r.wrong(events, `a prefix is "Ad *", and "*" is every event`, "a * can only stand at the end of an event name")
	case len(name) > maxEvents:
		r.wrong(events, "", "the event name has %d bytes; it may have %d", len(name), maxEvents)
	}
	c.Events, c.Prefix = name, star
}

func (r *reading) bounds(c *Cube, n ast.Node) {
	if len(c.Dimensions) > MaxDimensions {
		r.wrong(n, "each further one multiplies the cells", "the cube has %d dimensions; it may have %d", len(c.Dimensions), MaxDimensions)
	}
	if len(c.Measures) > MaxMeasures {
		r.wrong(n, "leave some out", "the cube has %d measures; it may have %d", len(c.Measures), MaxMeasures)
	}
}

const dimensionHint = "a property of the event is .site, a trait of the customer traits.country; site: .page.site gives it a name"

// dimension reads a path, or a mapping of one name to a path.
func (r *reading) dimension(c *Cube, n ast.Node) {
	name, value := "", n
	if pairs, ok := yamltree.Pairs(n); ok && len(pairs) == 1 {
		name, value = yamltree.Key(pairs[0]), pairs[0].Value
	}
	text, ok := textOf(value)
	parts := pathForm.FindStringSubmatch(text)
	if !ok || parts == nil {
		r.wrong(value, dimensionHint, "a dimension must be a path")
		return
	}
	keys := strings.Split(parts[2][1:], ".")
	if name == "" {
		name = keys[len(keys)-1]
	}
	if !r.usable(c, n, name) {
		return
	}
	c.Dimensions = append(c.Dimensions, Dimension{Name: name, Path: profile.PathOf(keys...), Trait: parts[1] != ""})
}

// usable checks the name of a dimension or a measure.
func (r *reading) usable(c *Cube, n ast.Node, name string) bool {
	taken := slices.ContainsFunc(c.Dimensions, func(d Dimension) bool { return d.Name == name }) ||
		slices.ContainsFunc(c.Measures, func(m Measure) bool { return m.Name == name })
	switch {
	case !nameForm.MatchString(name) || len(name) > maxName:
		r.wrong(n, "a name is up to 64 letters, digits and _, and begins with no digit", "the name %q can't be used", name)
	case slices.Contains(reserved, name):
		r.wrong(n, "give it another name, as site: .page.site", "the name %s means something else in conditions", name)
	case taken:
		r.wrong(n, "give one of them another name, as site: .page.site", "the name %s is used twice", name)
	default:
		return true
	}
	return false
}

// measure reads count(condition).
func (r *reading) measure(c *Cube, name string, n ast.Node) {
	text, _ := textOf(n)
	inner := countOf.FindStringSubmatchIndex(text)
	if inner == nil {
		r.wrong(n, "as clicks: count(.clicked)", "the measure %s must be count(...) of a condition", name)
		return
	}
	condition := text[inner[2]:inner[3]]
	holds, mistakes := rules.NewPredicate(condition, nil)
	for _, m := range mistakes {
		r.within(n, utf8.RuneCountInString(text[:inner[2]]), m)
	}
	if len(mistakes) == 0 && r.usable(c, n, name) {
		c.Measures = append(c.Measures, Measure{Name: name, Text: strings.TrimSpace(condition), holds: holds})
	}
}

// within tells of a mistake that stands so many characters behind the beginning
// of a text, if that is in the line of its node.
func (r *reading) within(n ast.Node, behind int, m *rules.Error) {
	at := yamltree.Start(n)
	column := at.Column
	if _, block := n.(*ast.LiteralNode); !block && m.Line == 1 {
		if column += behind + m.Column - 1; n.GetToken().Type != token.StringType {
			column++ // the quote
		}
	}
	r.at(at.Line, column, m.Message, m.Hint)
}

// textOf returns a scalar as text.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// text reads a scalar as text that is not empty.
func (r *reading) text(n ast.Node, what string) string {
	text, ok := textOf(n)
	if !ok || text == "" {
		r.wrong(n, "put quotes around it", "%s must be a text", what)
	}
	return text
}
