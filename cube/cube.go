package cube

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/twmb/murmur3"

	"muster/event"
	"muster/profile"
	"muster/rules"
)

// Bounds of what is declared.
const (
	MaxCubes      = 20
	MaxDimensions = 8
	MaxMeasures   = 8
	maxName       = 64 // characters of the name of a dimension or a measure
	maxEvents     = 200
)

// Cube is a declaration: which events are counted, by what, and what of them.
type Cube struct {
	ID         string
	Events     string // name of the events, or what it begins with where Prefix is set
	Prefix     bool
	Dimensions []Dimension
	Measures   []Measure

	name string
}

// Dimension is a value that cells are told apart by.
type Dimension struct {
	Name  string // by which questions call it
	Path  profile.Path
	Trait bool // a trait of the profile, and not a property of the event
}

// Measure is a number of events.
type Measure struct {
	Name  string
	Text  string // the condition that counts an event
	holds *rules.Predicate
}

// Key names what is stored of a cube: its id, and a digest of what it counts and
// by what. So a cube that is declared otherwise begins anew, as its cells can't
// be merged with those before.
func (c *Cube) Key() string {
	if c.name == "" {
		c.name = c.key()
	}
	return c.name
}

func (c *Cube) key() string {
	text := fmt.Sprintf("%q %t", c.Events, c.Prefix)
	for _, d := range c.Dimensions {
		text += fmt.Sprintf(" %q %t", d.Path, d.Trait)
	}
	for _, m := range c.Measures {
		text += fmt.Sprintf(" %q %q", m.Name, m.Text)
	}
	return fmt.Sprintf("%s~%08x", c.ID, murmur3.StringSum32(text))
}

// Names returns the names of the dimensions.
func (c *Cube) Names() []string {
	names := make([]string, len(c.Dimensions))
	for i := range c.Dimensions {
		names[i] = c.Dimensions[i].Name
	}
	return names
}

// takes reports whether an event is one of the cube's.
func (c *Cube) takes(ev *event.Event) bool {
	switch {
	case !ev.IsBehaviour():
		return false
	case c.Prefix:
		return strings.HasPrefix(ev.Name, c.Events)
	}
	return ev.Name == c.Events
}

// value is what a dimension is of an event and the traits of its profile.
func (d *Dimension) value(ev *event.Event, p *profile.Profile) event.Value {
	if d.Trait {
		return p.Traits.Get(d.Path)
	}
	v := ev.Body
	for _, key := range d.Path.Keys() {
		v = v.Get(key)
	}
	return v
}

var (
	idForm   = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
	nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	pathForm = regexp.MustCompile(`^(traits)?((?:\.[A-Za-z_][A-Za-z0-9_]*)+)$`)
	countOf  = regexp.MustCompile(`(?s)^\s*count\((.*)\)\s*$`)
)

// reserved are names that mean something else in the language of conditions.
var reserved = []string{"traits", "groups", "context", "profile", "and", "or", "not", "in", "let", "nil", "true", "false"}
