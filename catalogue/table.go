package catalogue

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/twmb/murmur3"

	"muster/event"
)

// Table is one catalogue: rows that are known by a key. It is immutable and
// safe for concurrent use.
type Table struct {
	version uint64
	rows    map[string]int32 // by key
	columns []*Column        // in the order of the file, that of the key among them
	byName  map[string]*Column
}

// Column is one column of a table.
type Column struct {
	Name  string
	Kind  event.Kind // of all its values, KindMissing where it has none
	Mixed *Cell      // the first that is of another kind than those before it, which makes all texts; nil for none

	rows    map[string]int32
	texts   []string  // by row; "" is missing. Nil where numbers tell all
	numbers []float64 // by row; NaN is missing. 0 and 1 where the kind is KindBool
}

// Cell is a place in a file and what stands there.
type Cell struct {
	Line int
	Text string
}

// Version is a digest of all that the table says.
func (t *Table) Version() uint64 { return t.version }

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Column returns the column of a name, nil where there is none.
func (t *Table) Column(name string) *Column { return t.byName[name] }

// Columns lists the names of the columns, in the order of the file.
func (t *Table) Columns() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.Name
	}
	return names
}

// Of returns the value that the row of a key has in the column. It is missing
// where there is no such row, and where its cell is empty.
func (c *Column) Of(key string) event.Value {
	row, known := c.rows[key]
	if !known {
		return event.Value{}
	}
	switch c.Kind {
	case event.KindString:
		if text := c.texts[row]; text != "" {
			return event.StringOf(text)
		}
	case event.KindNumber:
		if n := c.numbers[row]; !math.IsNaN(n) {
			return event.NumberOf(n)
		}
	case event.KindBool:
		if n := c.numbers[row]; !math.IsNaN(n) {
			return event.BoolOf(n == 1)
		}
	}
	return event.Value{}
}

// Tables are the catalogues that there are, by id.
type Tables map[string]*Table

// IDs lists the catalogues in order.
func (t Tables) IDs() []string {
	ids := make([]string, 0, len(t))
	for id := range t {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Version is a digest of all that the catalogues say; 0 where there are none.
func (t Tables) Version() uint64 {
	if len(t) == 0 {
		return 0
	}
	var text []byte
	for _, id := range t.IDs() {
		text = binary.BigEndian.AppendUint64(append(append(text, id...), 0), t[id].version)
	}
	return murmur3.Sum64(text)
}

// Column returns a column of a catalogue, nil where one of the two is not there.
func (t Tables) Column(catalogue, column string) *Column {
	if table := t[catalogue]; table != nil {
		return table.Column(column)
	}
	return nil
}
