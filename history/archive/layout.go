package archive

import (
	"fmt"
	"path"
	"strings"
	"time"
)

// The layouts, as Config.Layout names them.
const (
	Segment     = "segment"
	RudderStack = "rudderstack"
	Confluent   = "confluent"
	Firehose    = "firehose"
	Glob        = "glob"
)

var layouts = []string{Segment, RudderStack, Confluent, Firehose, Glob}

// Layout says which objects of an archive are read, and what their names
// tell. It is safe for concurrent use.
type Layout struct {
	name     string
	encoding Encoding // of names that tell none
	column   string
	match    string // the pattern of layout glob, "" of others
	// read fills in what a key tells, and reports whether it is one of the
	// layout's.
	read func(key string, c *Choice) bool
}

// Choice is what the name of an object tells.
type Choice struct {
	// Day is when the day begins, in UTC, that the name says the records
	// came on. The zero time when it names none. The trap: a writer may count
	// days by its own zone. Overlaps takes that into account.
	Day time.Time
	// Partition and Offset are the Kafka partition of the records and the
	// offset of the first of them. -1 when the name does not tell. Later
	// records of the object may have skipped offsets.
	Partition int32
	Offset    int64
	// Arrival is about when the first record came to the archive's writer, in
	// milliseconds since 1970 UTC; 0 when the name does not tell.
	Arrival int64
	// Format is how the records are stored.
	Format Format
}

// margin is how far a day of any zone may lie off that of UTC, rounded up, as
// a writer may also keep an object open beyond midnight.
const margin = 24 * time.Hour

// Overlaps reports whether the object may hold records that came at from or
// later and before to. The zero time is no bound. An object without a day may
// hold anything, and one with a day also what came within a day before or
// after it.
func (c Choice) Overlaps(from, to time.Time) bool {
	if c.Day.IsZero() {
		return true
	}
	ended := c.Day.Add(24*time.Hour + margin)
	return (from.IsZero() || ended.After(from)) && (to.IsZero() || c.Day.Add(-margin).Before(to))
}

// NewLayout returns the layout that a Config describes, or its mistakes.
func NewLayout(c Config) (Layout, error) {
	if err := c.Validate(); err != nil {
		return Layout{}, fmt.Errorf("making a layout: %w", err)
	}
	l := Layout{name: c.Layout, column: c.Column}
	auto := Lines
	switch c.Layout {
	case Segment:
		l.read = readSegment
	case RudderStack:
		l.read = readRudderStack
	case Confluent:
		l.read = readConfluent
	case Firehose:
		l.read, auto = readFirehose, Values
	case Glob:
		p, err := compilePattern(c.Match)
		if err != nil {
			return Layout{}, fmt.Errorf("making a layout: %w", err)
		}
		l.read, l.match = p.read, c.Match
	}
	var err error
	l.encoding, err = c.encoding(auto)
	return l, err
}

// String returns the layout's name, as settings have it, and the pattern of
// one that has any: equal texts read the same keys.
func (l Layout) String() string {
	if l.match == "" {
		return l.name
	}
	return l.name + " " + l.match
}

// Choose returns what the name of an object tells, and whether the layout
// reads it. key is the path below the archive's prefix, as OpenBucket returns
// it. Keys that end with a /, which some programs make for folders, are never
// read.
func (l Layout) Choose(key string) (Choice, bool) {
	if key == "" || strings.HasSuffix(key, "/") {
		return Choice{}, false
	}
	c := Choice{Partition: -1, Offset: -1, Format: formatOf(key, l.encoding, l.column)}
	if !l.read(key, &c) {
		return Choice{}, false
	}
	return c, true
}

// hidden reports whether a name is no data by convention, as _SUCCESS is.
func hidden(key string) bool {
	name := path.Base(key)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}
