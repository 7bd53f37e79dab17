package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"muster/cube"
	"muster/event"
	"muster/hyperloglog"
	"muster/rules"
	"muster/service"
)

type insightsReachCommand struct {
	Cube    string   `arg:"" placeholder:"CUBE" help:"The cube, as its declaration calls it."`
	Config  string   `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Where   string   `placeholder:"CONDITION" help:"Only events whose dimensions fulfil this. Default: all."`
	From    string   `placeholder:"DATE" help:"First day, in UTC. Default: 30 days that end with --to."`
	To      string   `placeholder:"DATE" help:"Last day, in UTC. Default: today."`
	By      []string `placeholder:"DIMENSION" help:"A row for each value of this dimension, or of several with commas between them."`
	Segment string   `placeholder:"ID" help:"Tell too how many of them were active as members of this segment on those days, and how many were one or the other."`
	Top     int      `default:"20" placeholder:"N" help:"Rows that are shown at most, those with most customers first; 0 for all. --json has all."`
	JSON    bool     `help:"Print JSON in place of text."`
}

// Help is shown by --help.
func (insightsReachCommand) Help() string {
	return `Tells how many different customers had events, how many events, and how many of those
fulfil each measure, from a cube: cells by day and by what the events say, which the
evaluators keep while they run. It asks Redis and disturbs no evaluator.

A cube is declared beside the segments, in a file of theirs or one of its own:

    cubes:
      - {id: ads, events: "Ad Viewed", dimensions: [.ad, .site, traits.country], clicks: count(.clicked)}

    evaluator insights reach ads -c muster.yaml --where 'ad == "x5" and site startsWith "auto"' \
      --from 2026-11-01 --to 2026-11-28 --by site

    site          customers     from       to    events  clicks
    auto.example       8412     8278     8546     20911     411
    autoblog            117      117      117       240       9
    all                8497     8361     8633     21151     420

Up to 128 customers are counted. Beyond, their number is an estimate, and the true one lies
between from and to in 95 of 100 cases. A customer who saw an ad on two sites counts once in
all. Days are those on which events happened, in UTC.

With --segment there are four more columns: how many of the customers were also active as
members of a segment on those days, with a band that holds the truth in at least 95 of 100
cases, and how many were the one or the other. Both are estimates.

    evaluator insights reach ads -c muster.yaml --where 'ad == "x5"' --segment vip

         customers      from        to    events  clicks    in vip      from        to    or vip
    all       8497      8361      8633     21151     420      1204      1120      1291     20127

Where too few are in both to tell, the band is wider than the figure, and a note says so.

What a cube could not keep apart, as it had more cells than cubes.cells, is told as (other).
No filter can look into it, so with --where it is told of and left out of all.

Exit code: 0 when told, 1 when Redis can't be reached, 2 when the question, the declaration,
the configuration, or what Redis holds, can't be used.`
}

// segmentForm is what ids of segments look like.
var segmentForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// reachDays is how many days are asked for where nothing is said.
const reachDays = 30

// Run asks and prints.
func (cmd *insightsReachCommand) Run(c console) error {
	first, last, err := cmd.days(time.Now())
	if err != nil {
		return unusable(err)
	}
	cfg, err := readConfig(cmd.Config)
	if err != nil {
		return err
	}
	declared, err := findCube(&cfg, cmd.Cube)
	if err != nil {
		return err
	}
	q, err := cube.NewQuery(declared, cmd.Where, cmd.By)
	var mistakes rules.Errors
	if errors.As(err, &mistakes) {
		return unusable(fmt.Errorf("--where can't be used:\n\n%w", err))
	}
	if err != nil {
		return unusable(err)
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		err := r.store.ReadCube(ctx, declared, first, last, q)
		if errors.Is(err, cube.ErrGroups) {
			return unusable(err)
		}
		if err != nil {
			return service.Classify(err)
		}
		out := reachOutput{cube: declared, by: cmd.By, top: cmd.Top, filtered: cmd.Where != "", first: first, last: last, answer: q.Answer(), segment: cmd.Segment}
		if cmd.Segment != "" {
			if out.active, err = r.store.ReachSketch(ctx, cmd.Segment, first, last); err != nil {
				return service.Classify(err)
			}
		}
		if cmd.JSON {
			return printJSON(c.out, out.json())
		}
		return out.print(c)
	})
}

// days returns the first and the last day since 1970 in UTC.
func (cmd *insightsReachCommand) days(now time.Time) (first, last int64, err error) {
	last = now.Unix() / 86400
	if cmd.To != "" {
		if last, err = dayOf("--to", cmd.To); err != nil {
			return 0, 0, err
		}
	}
	if first = last - reachDays + 1; cmd.From != "" {
		if first, err = dayOf("--from", cmd.From); err != nil {
			return 0, 0, err
		}
	}
	switch {
	case first > last:
		return 0, 0, errors.New("--from is behind --to")
	case last-first >= 3660:
		return 0, 0, fmt.Errorf("--from and --to are %d days; there may be 3660", last-first+1)
	case cmd.Segment != "" && last-first >= 1100:
		return 0, 0, fmt.Errorf("--from and --to are %d days; with --segment there may be 1100", last-first+1)
	case cmd.Segment != "" && !segmentForm.MatchString(cmd.Segment):
		return 0, 0, fmt.Errorf("--segment is %q; an id is 1 to 64 of the characters a-z, 0-9 and -", cmd.Segment)
	}
	return first, last, nil
}

func dayOf(flag, text string) (int64, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("%s is %q; write a day as 2026-11-28", flag, text)
	}
	return at.Unix() / 86400, nil
}

// reachOutput is an answer on its way out.
type reachOutput struct {
	cube        *cube.Cube
	by          []string
	top         int
	filtered    bool
	first, last int64
	answer      cube.Answer
	segment     string
	active      *hyperloglog.Sketch // its active members; nil where none is asked for
	wide        int                 // rows that have a band wider than the value
}

// reachRow is one row as it is printed in JSON.
type reachRow struct {
	Values    map[string]any    `json:"values,omitempty"`
	Customers int64             `json:"customers"`
	Exact     bool              `json:"exact"`
	Low       int64             `json:"low"`
	High      int64             `json:"high"`
	Events    uint64            `json:"events"`
	Measures  map[string]uint64 `json:"measures,omitempty"`
	Segment   *reachBeside      `json:"segment,omitempty"`
}

// reachBeside is what a row has in common with a segment, and together.
type reachBeside struct {
	ID         string `json:"id"`
	Both       int64  `json:"both"`
	Low        int64  `json:"low"`
	High       int64  `json:"high"`
	Wide       bool   `json:"wide,omitempty"`
	Either     int64  `json:"either"`
	EitherLow  int64  `json:"either_low"`
	EitherHigh int64  `json:"either_high"`
}

// reachAnswer is an answer as it is printed in JSON.
type reachAnswer struct {
	Cube  string     `json:"cube"`
	From  string     `json:"from"`
	To    string     `json:"to"`
	All   reachRow   `json:"all"`
	Rows  []reachRow `json:"rows,omitempty"`
	Other *reachRow  `json:"other,omitempty"`
	// OtherCells is how many cells were folded into other, at least.
	OtherCells uint64 `json:"other_cells,omitempty"`
}

func (o *reachOutput) json() reachAnswer {
	date := func(day int64) string { return time.Unix(day*86400, 0).UTC().Format(time.DateOnly) }
	a := reachAnswer{Cube: o.cube.ID, From: date(o.first), To: date(o.last), All: o.row(&o.answer.Total)}
	for i := range o.answer.Rows {
		a.Rows = append(a.Rows, o.row(&o.answer.Rows[i]))
	}
	if o.answer.Other.Events > 0 {
		other := o.row(&o.answer.Other)
		a.Other, a.OtherCells = &other, o.answer.Folded
	}
	return a
}

func (o *reachOutput) row(r *cube.Row) reachRow {
	row := reachRow{Customers: r.Profiles, Exact: r.Exact, Low: r.Low, High: r.High, Events: r.Events}
	if len(r.Values) > 0 {
		row.Values = map[string]any{}
	}
	for i, v := range r.Values {
		row.Values[o.by[i]] = plain(v)
	}
	for i, m := range o.cube.Measures {
		if row.Measures == nil {
			row.Measures = map[string]uint64{}
		}
		row.Measures[m.Name] = r.Counts[i]
	}
	if o.active != nil {
		b := r.Beside(o.active)
		row.Segment = &reachBeside{o.segment, b.Both, b.Low, b.High, b.Wide, b.Either, b.EitherLow, b.EitherHigh}
	}
	return row
}

// plain is the value of a dimension as JSON has it.
func plain(v event.Value) any {
	switch v.Kind() {
	case event.KindBool:
		return v.True()
	case event.KindNumber:
		return v.Number()
	case event.KindString:
		return v.Text()
	}
	return nil
}

// shown is the value of a dimension in a table. What would break the table is
// written as in a rule.
func shown(v event.Value) string {
	switch v.Kind() {
	case event.KindBool:
		return strconv.FormatBool(v.True())
	case event.KindNumber:
		return strconv.FormatFloat(v.Number(), 'f', -1, 64)
	case event.KindString:
		if quoted := strconv.Quote(v.Text()); v.Text() == "" || quoted[1:len(quoted)-1] != v.Text() {
			return quoted
		}
		return v.Text()
	}
	return "-"
}

func (o *reachOutput) print(c console) error {
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	head, lead := strings.Join(o.by, "\t"), max(1, len(o.by))
	line(table, "%s\tcustomers\t%8s\t%8s\t%8s", head, "from", "to", "events")
	for _, m := range o.cube.Measures {
		line(table, "\t%*s", len(m.Name), m.Name)
	}
	if o.active != nil {
		line(table, "\t%8s\t%8s\t%8s\t%8s", "in "+o.segment, "from", "to", "or "+o.segment)
	}
	line(table, "\n")
	rows := o.answer.Rows
	if o.top > 0 && len(rows) > o.top {
		rows = rows[:o.top]
	}
	for i := range rows {
		values := make([]string, len(o.by))
		for k, v := range rows[i].Values {
			values[k] = shown(v)
		}
		o.line(table, strings.Join(values, "\t"), &rows[i])
	}
	pad := strings.Repeat("\t", lead-1)
	if o.answer.Other.Events > 0 {
		o.line(table, "(other)"+pad, &o.answer.Other)
	}
	o.line(table, "all"+pad, &o.answer.Total)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	if o.wide > 0 {
		line(c.err, "note: %d of the figures of %s have a band wider than themselves: too few customers are in both to tell how many\n", o.wide, o.segment)
	}
	if left := len(o.answer.Rows) - len(rows); left > 0 {
		line(c.err, "note: %d more rows; --top 0 shows all\n", left)
	}
	if o.answer.Other.Events > 0 && o.filtered {
		line(c.err, "note: what is in (other) may belong to the answer in part; it is left out of all. More cubes.cells keep more apart.\n")
	}
	return nil
}

func (o *reachOutput) line(table *tabwriter.Writer, name string, r *cube.Row) {
	line(table, "%s\t%9d\t%8d\t%8d\t%8d", name, r.Profiles, r.Low, r.High, r.Events)
	for i, m := range o.cube.Measures {
		line(table, "\t%*d", len(m.Name), r.Counts[i])
	}
	if o.active != nil {
		b := r.Beside(o.active)
		line(table, "\t%*d\t%8d\t%8d\t%*d", max(8, len(o.segment)+3), b.Both, b.Low, b.High, max(8, len(o.segment)+3), b.Either)
		if b.Wide {
			o.wide++
		}
	}
	line(table, "\n")
}
