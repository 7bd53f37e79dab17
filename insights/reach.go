package insights

import (
	"context"
	"errors"
	"regexp"
	"time"

	"muster/cube"
	"muster/hyperloglog"
	"muster/lookup"
	"muster/rules"
)

// Cubes is where cubes, and the reach of segments, are kept.
type Cubes interface {
	ReadCube(ctx context.Context, c *cube.Cube, first, last int64, q *cube.Query) error
	ReachSketch(ctx context.Context, segment string, first, last int64) (*hyperloglog.Sketch, error)
}

// ReachQuestion asks how many different customers had events that a cube counts.
type ReachQuestion struct {
	Where    string   // a condition on dimensions, "" for all events
	From, To string   // days, as 2026-11-28; "" for 30 days that end with To, and for today
	By       []string // dimensions that the answer has a row for each value of
	Segment  string   // of which it is told too how many were active in it, "" for none
}

const (
	// reachDays is how many days are asked for where nothing is said.
	reachDays = 30
	// mostReachDays and mostSegmentDays bound them, the latter with a segment.
	mostReachDays   = 3660
	mostSegmentDays = 1100
)

// segmentForm is what ids of segments look like.
var segmentForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// Days returns the first and the last day of a question, since 1970 in UTC.
func (q *ReachQuestion) Days(now time.Time, called Spell) (first, last int64, err error) {
	from, to, segment := called("from"), called("to"), called("segment")
	last = now.Unix() / 86400
	if q.To != "" {
		if last, err = dayOf(to, q.To); err != nil {
			return 0, 0, err
		}
	}
	if first = last - reachDays + 1; q.From != "" {
		if first, err = dayOf(from, q.From); err != nil {
			return 0, 0, err
		}
	}
	switch {
	case first > last:
		return 0, 0, wrong("%s is behind %s", from, to)
	case first < 0:
		return 0, 0, wrong("%s is before 1970", from)
	case last-first >= mostReachDays:
		return 0, 0, wrong("%s and %s are %d days; there may be %d", from, to, last-first+1, mostReachDays)
	case q.Segment != "" && last-first >= mostSegmentDays:
		return 0, 0, wrong("%s and %s are %d days; with %s there may be %d", from, to, last-first+1, segment, mostSegmentDays)
	case q.Segment != "" && !segmentForm.MatchString(q.Segment):
		return 0, 0, wrong("%s is %q; an id is 1 to 64 of the characters a-z, 0-9 and -", segment, q.Segment)
	}
	return first, last, nil
}

func dayOf(part, text string) (int64, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, wrong("%s is %q; write a day as 2026-11-28", part, text)
	}
	return at.Unix() / 86400, nil
}

// FindCube returns the cube of an id, or a *lookup.AbsentError.
func FindCube(declared []*cube.Cube, id string) (*cube.Cube, error) {
	ids := make([]string, len(declared))
	for i, c := range declared {
		if ids[i] = c.ID; c.ID == id {
			return c, nil
		}
	}
	return nil, lookup.UnknownCube(id, ids)
}

// Answer reads what a cube has to say. Its errors are a *QuestionError or a
// *RuleError for what can't be asked, and those of the store.
func (q *ReachQuestion) Answer(ctx context.Context, of *cube.Cube, from Cubes, now time.Time, called Spell) (*Reach, error) {
	first, last, err := q.Days(now, called)
	if err != nil {
		return nil, err
	}
	asked, err := cube.NewQuery(of, q.Where, q.By)
	var mistakes rules.Errors
	if errors.As(err, &mistakes) {
		return nil, &RuleError{"where", err}
	}
	if err != nil {
		return nil, wrong("%v", err)
	}
	err = from.ReadCube(ctx, of, first, last, asked)
	if errors.Is(err, cube.ErrGroups) {
		return nil, wrong("%v", cube.ErrGroups)
	}
	if err != nil {
		return nil, err
	}
	var active *hyperloglog.Sketch
	if q.Segment != "" {
		if active, err = from.ReachSketch(ctx, q.Segment, first, last); err != nil {
			return nil, err
		}
	}
	answer := asked.Answer()
	return (&reaching{q, of, active}).told(&answer, first, last), nil
}

// Reach is what a cube says.
type Reach struct {
	Cube     string     `json:"cube"`
	From     string     `json:"from"`
	To       string     `json:"to"`
	By       []string   `json:"by,omitempty"`
	Measures []string   `json:"measures,omitempty"` // as they are declared
	All      ReachRow   `json:"all"`
	Rows     []ReachRow `json:"rows,omitempty"` // those with most customers first
	Other    *ReachRow  `json:"other,omitempty"`
	// OtherCells is how many cells were folded into Other, at least.
	OtherCells uint64 `json:"other_cells,omitempty"`
}

// ReachRow is one row of it.
type ReachRow struct {
	// Values are those of the dimensions asked for: a text, a number, a truth value
	// or nil.
	Values    map[string]any    `json:"values,omitempty"`
	Customers int64             `json:"customers"`
	Exact     bool              `json:"exact"`
	Low       int64             `json:"low"`
	High      int64             `json:"high"`
	Events    uint64            `json:"events"`
	Measures  map[string]uint64 `json:"measures,omitempty"`
	Segment   *ReachBeside      `json:"segment,omitempty"`
}

// ReachBeside is what a row has in common with a segment, and together.
type ReachBeside struct {
	ID         string `json:"id"`
	Both       int64  `json:"both"`
	Low        int64  `json:"low"`
	High       int64  `json:"high"`
	Wide       bool   `json:"wide,omitempty"` // whether the band is wider than the value
	Either     int64  `json:"either"`
	EitherLow  int64  `json:"either_low"`
	EitherHigh int64  `json:"either_high"`
}

// reaching makes a Reach of an answer.
type reaching struct {
	*ReachQuestion
	cube   *cube.Cube
	active *hyperloglog.Sketch // the active members of the segment; nil where none is asked for
}

func (r *reaching) told(a *cube.Answer, first, last int64) *Reach {
	date := func(day int64) string { return time.Unix(day*86400, 0).UTC().Format(time.DateOnly) }
	told := &Reach{Cube: r.cube.ID, From: date(first), To: date(last), By: r.By, All: r.row(&a.Total)}
	for i := range r.cube.Measures {
		told.Measures = append(told.Measures, r.cube.Measures[i].Name)
	}
	for i := range a.Rows {
		told.Rows = append(told.Rows, r.row(&a.Rows[i]))
	}
	if a.Other.Events > 0 {
		other := r.row(&a.Other)
		told.Other, told.OtherCells = &other, a.Folded
	}
	return told
}

func (r *reaching) row(of *cube.Row) ReachRow {
	row := ReachRow{Customers: of.Profiles, Exact: of.Exact, Low: of.Low, High: of.High, Events: of.Events}
	if len(of.Values) > 0 {
		row.Values = map[string]any{}
	}
	for i, v := range of.Values {
		row.Values[r.By[i]] = v.Plain()
	}
	for i, m := range r.cube.Measures {
		if row.Measures == nil {
			row.Measures = map[string]uint64{}
		}
		row.Measures[m.Name] = of.Counts[i]
	}
	if r.active != nil {
		b := of.Beside(r.active)
		row.Segment = &ReachBeside{r.Segment, b.Both, b.Low, b.High, b.Wide, b.Either, b.EitherLow, b.EitherHigh}
	}
	return row
}
