package cube

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"muster/event"
	"muster/rules"
	"muster/spelling"
)

// MaxGroups bounds the rows of one answer, each of which takes up to 16 KB
// until it is told.
const MaxGroups = 50_000

// ErrGroups is returned for a question with more rows.
var ErrGroups = fmt.Errorf("the answer has more than %d rows: group by less, or filter more", MaxGroups)

// Query is one question of a cube. Give it the cells of the periods that it is
// about, and ask for the Answer. It is used by one goroutine.
type Query struct {
	cube   *Cube
	where  *rules.Predicate // nil for all
	by     []int            // dimensions
	seen   map[string]*group
	groups map[string]*group
	other  Cell
	ev     event.Event // that a filter looks at
}

// group is the cells of one row.
type group struct {
	values []event.Value // of the dimensions that rows are told apart by
	cell   Cell
}

// NewQuery returns a question of a cube: where is a condition on the names of
// its dimensions, "" for all, and by are the names of those that the answer has
// a row for each value of. Mistakes in where are rules.Errors.
func NewQuery(c *Cube, where string, by []string) (*Query, error) {
	q := &Query{cube: c, seen: map[string]*group{}, groups: map[string]*group{}}
	if strings.TrimSpace(where) != "" {
		if len(c.Dimensions) == 0 {
			return nil, fmt.Errorf("the cube %s has no dimensions to filter by", c.ID)
		}
		var wrong rules.Errors
		if q.where, wrong = rules.NewPredicate(where, c.Names()); len(wrong) > 0 {
			return nil, wrong
		}
	}
	for _, name := range by {
		i := slices.Index(c.Names(), name)
		switch {
		case i < 0:
			return nil, fmt.Errorf("the cube %s has no dimension %s; %s", c.ID, name, c.namesHint(name))
		case slices.Contains(q.by, i):
			return nil, fmt.Errorf("the dimension %s is asked for twice", name)
		}
		q.by = append(q.by, i)
	}
	return q, nil
}

func (c *Cube) namesHint(name string) string {
	if near := spelling.Nearest(name, c.Names()); near != "" {
		return "did you mean " + near + "?"
	}
	if len(c.Dimensions) == 0 {
		return "it has none"
	}
	return "it has " + strings.Join(c.Names(), ", ")
}

// Wants reports whether a cell is a part of the answer, so that others need not
// be read.
func (q *Query) Wants(name string) (bool, error) {
	if name == Other {
		return true, nil
	}
	g, err := q.group(name)
	return g != nil, err
}

// Add takes in a cell by its name and stored form, which it only reads.
func (q *Query) Add(name string, form []byte) error {
	if name == Other {
		return q.merge(&q.other, form)
	}
	g, err := q.group(name)
	if g == nil || err != nil {
		return err
	}
	return q.merge(&g.cell, form)
}

// group returns the row that a cell belongs to, nil for one that the filter
// leaves out.
func (q *Query) group(name string) (*group, error) {
	g, known := q.seen[name]
	if known {
		return g, nil
	}
	g, err := q.find(name)
	if err == nil {
		q.seen[strings.Clone(name)] = g
	}
	return g, err
}

func (q *Query) merge(into *Cell, form []byte) error {
	rest, err := into.MergeForm(form)
	if err == nil && len(rest) > 0 {
		err = errForm
	}
	return err
}

// find is group of a cell that was not seen before.
func (q *Query) find(name string) (*group, error) {
	values, ok := valuesOf(name, len(q.cube.Dimensions))
	if !ok {
		return nil, errForm
	}
	if q.where != nil && !q.passes(values) {
		return nil, nil
	}
	var key []byte
	own := make([]event.Value, len(q.by))
	for i, d := range q.by {
		own[i] = values[d]
		key, _ = appendValue(key, values[d]) // it was short enough before
	}
	g := q.groups[string(key)]
	if g == nil {
		if len(q.groups) == MaxGroups {
			return nil, ErrGroups
		}
		g = &group{values: own}
		q.groups[string(key)] = g
	}
	return g, nil
}

// passes shows the filter an event that has the values as properties.
func (q *Query) passes(values []event.Value) bool {
	pairs := make([]event.Value, 0, 2*len(values))
	for i, v := range values {
		pairs = append(pairs, event.StringOf(q.cube.Dimensions[i].Name), v)
	}
	q.ev = event.Event{Type: event.Track, Body: event.ObjectOf(pairs)}
	return q.where.Holds(&q.ev)
}

// Row is what an answer tells of some cells together.
type Row struct {
	Values   []event.Value // of the dimensions asked for
	Events   uint64
	Counts   []uint64 // by measure
	Profiles int64    // different ones: the reach
	Exact    bool     // whether they were counted
	Low      int64    // what lies between Low and High holds the truth in 95 of 100 cases
	High     int64
	crowd    *Crowd
}

// Answer is what a cube has to say.
type Answer struct {
	Total Row
	Rows  []Row // of questions with dimensions, the farthest reaching first
	// Other is what no cell of its own tells of: with a filter nobody knows what
	// of it belongs to the answer, and Total is without it; else it is part of
	// Total. Folded is how many cells it stands for, at least.
	Other  Row
	Folded uint64
}

// Answer tells what was added.
func (q *Query) Answer() Answer {
	a := Answer{Folded: q.other.Folded}
	total := Cell{Counts: make([]uint64, len(q.cube.Measures))}
	for _, g := range q.groups {
		if len(q.by) > 0 {
			a.Rows = append(a.Rows, rowOf(q.cube, g.values, &g.cell))
		}
		total.Merge(&g.cell)
	}
	if q.where == nil {
		total.Merge(&q.other)
	}
	a.Total, a.Other = rowOf(q.cube, nil, &total), rowOf(q.cube, nil, &q.other)
	slices.SortFunc(a.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Profiles, a.Profiles), cmp.Compare(b.Events, a.Events), compareValues(a.Values, b.Values))
	})
	return a
}

// errorOf95 is how far an estimate is off in 95 of 100 cases, at most: 1.96
// standard errors of 1.04 / sqrt(16384).
const errorOf95 = 1.96 * 1.04 / 128

func rowOf(c *Cube, values []event.Value, cell *Cell) Row {
	r := Row{Values: values, Events: cell.Events, Counts: append([]uint64{}, cell.Counts...), crowd: &cell.Crowd}
	r.Counts = append(r.Counts, make([]uint64, max(0, len(c.Measures)-len(r.Counts)))...)
	r.Profiles, r.Exact = cell.Crowd.Count()
	r.Low, r.High = r.Profiles, r.Profiles
	if !r.Exact {
		off := math.Ceil(float64(r.Profiles) * errorOf95)
		r.Low = max(Exact+1, r.Profiles-int64(off)) // an estimate is of more than Exact
		r.High = min(r.Profiles+int64(off), int64(max(cell.Events, Exact+1)))
		r.Profiles = min(max(r.Profiles, r.Low), r.High)
	}
	return r
}

// compareValues orders rows that are equal else by how their values are stored.
func compareValues(a, b []event.Value) int {
	var x, y []byte
	for i := range a {
		x, _ = appendValue(x, a[i])
		y, _ = appendValue(y, b[i])
	}
	return strings.Compare(string(x), string(y))
}

// IsBroken reports whether an error is about a stored form.
func IsBroken(err error) bool { return errors.Is(err, errForm) }
