package archive

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// The names of layouts in settings.
const layoutGlob = "glob"

var layouts = []string{layoutGlob}

// Layout says which objects of an archive are read, and what their names
// tell. It is safe for concurrent use.
type Layout struct {
	name     string
	encoding Encoding // of names that tell none
	column   string
	// read fills in what a key tells, and reports whether it is one of the
	// layout's.
	read func(key string, c *Choice) bool
}

// Choice is what the name of an object tells.
type Choice struct {
	// Day is when the day begins, in UTC, that the name says the records
	// came on. The zero time when it names none.
	Day time.Time
	// Partition and Offset are the Kafka partition of the records and the
	// offset of the first of them. -1 when the name does not tell.
	Partition int32
	Offset    int64
	// Format is how the records are stored.
	Format Format
}

// NewLayout returns the layout that a valid Config describes.
func NewLayout(c Config) (Layout, error) {
	if err := c.Validate(); err != nil {
		return Layout{}, fmt.Errorf("making a layout: %w", err)
	}
	l := Layout{name: c.Layout, column: c.Column}
	auto := Lines
	switch c.Layout {
	default:
		p, err := compilePattern(c.Match)
		if err != nil {
			return Layout{}, err
		}
		l.read = p.choose
	}
	var err error
	l.encoding, err = c.encoding(auto)
	return l, err
}

// String returns the layout's name, as settings have it.
func (l Layout) String() string { return l.name }

// Choose returns what the name of an object tells, and whether the layout
// reads it. key is the path below the archive's prefix. Names that begin with
// a dot or an underline are never read: by convention they are not data.
func (l Layout) Choose(key string) (Choice, bool) {
	name := path.Base(key)
	if strings.HasSuffix(key, "/") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return Choice{}, false
	}
	c := Choice{Partition: -1, Offset: -1, Format: formatOf(key, l.encoding, l.column)}
	if !l.read(key, &c) {
		return Choice{}, false
	}
	return c, true
}
