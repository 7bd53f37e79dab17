package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"muster/insights"
)

type insightsReachCommand struct {
	insightsFlags
	Cube    string   `arg:"" placeholder:"CUBE" help:"The cube, as its declaration calls it."`
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

With --server evaluator insights serve is asked, which reads the cube for the question.

Exit code: 0 when told, 1 when Redis or the server can't be reached, 2 when the question,
the declaration, the configuration, or what Redis holds, can't be used.`
}

// Run asks and prints.
func (cmd *insightsReachCommand) Run(c console) error {
	q := &insights.ReachQuestion{Where: cmd.Where, From: cmd.From, To: cmd.To, By: cmd.By, Segment: cmd.Segment}
	if _, _, err := q.Days(time.Now(), asFlag); err != nil {
		return unusable(err)
	}
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	if cmd.Server != "" {
		return withServerFor(insightsWithin, cmd.Server, func(ctx context.Context, s *server) error {
			var told insights.Reach
			if err := s.get(ctx, &told, cmd.query(), "insights", "reach", cmd.Cube); err != nil {
				return err
			}
			return cmd.tell(c, &told)
		})
	}
	cfg, err := readConfig(cmd.Config)
	if err != nil {
		return err
	}
	declared, err := findCube(&cfg, cmd.Cube)
	if err != nil {
		return err
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		told, err := q.Answer(ctx, declared, r.store, time.Now(), asFlag)
		var mistaken *insights.RuleError
		if errors.As(err, &mistaken) {
			return unusable(fmt.Errorf("%s can't be used:\n\n%w", asFlag(mistaken.Part), mistaken.Err))
		}
		if err != nil {
			return unanswered(err)
		}
		return cmd.tell(c, told)
	})
}

// query is the question as the API takes it.
func (cmd *insightsReachCommand) query() url.Values {
	query := url.Values{"by": cmd.By}
	for name, value := range map[string]string{"where": cmd.Where, "from": cmd.From, "to": cmd.To, "segment": cmd.Segment} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

func (cmd *insightsReachCommand) tell(c console, told *insights.Reach) error {
	if cmd.JSON {
		return printJSON(c.out, told)
	}
	out := reachOutput{Reach: told, top: cmd.Top, filtered: cmd.Where != "", segment: cmd.Segment}
	return out.print(c)
}

// reachOutput is an answer on its way out.
type reachOutput struct {
	*insights.Reach
	top      int
	filtered bool
	segment  string // "" for none
	wide     int    // rows that have a band wider than the value
}

// shown is the value of a dimension in a table. What would break the table is
// written as in a rule.
func shown(v any) string {
	switch one := v.(type) {
	case bool:
		return strconv.FormatBool(one)
	case float64:
		return strconv.FormatFloat(one, 'f', -1, 64)
	case string:
		if quoted := strconv.Quote(one); one == "" || quoted[1:len(quoted)-1] != one {
			return quoted
		}
		return one
	}
	return "-"
}

func (o *reachOutput) print(c console) error {
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	head, lead := strings.Join(o.By, "\t"), max(1, len(o.By))
	line(table, "%s\tcustomers\t%8s\t%8s\t%8s", head, "from", "to", "events")
	for _, name := range o.Measures {
		line(table, "\t%*s", len(name), name)
	}
	if o.segment != "" {
		line(table, "\t%8s\t%8s\t%8s\t%8s", "in "+o.segment, "from", "to", "or "+o.segment)
	}
	line(table, "\n")
	rows := o.Rows
	if o.top > 0 && len(rows) > o.top {
		rows = rows[:o.top]
	}
	for i := range rows {
		values := make([]string, len(o.By))
		for k, name := range o.By {
			values[k] = shown(rows[i].Values[name])
		}
		o.line(table, strings.Join(values, "\t"), &rows[i])
	}
	pad := strings.Repeat("\t", lead-1)
	if o.Other != nil {
		o.line(table, "(other)"+pad, o.Other)
	}
	o.line(table, "all"+pad, &o.All)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	if o.wide > 0 {
		line(c.err, "note: %d of the figures of %s have a band wider than themselves: too few customers are in both to tell how many\n", o.wide, o.segment)
	}
	if left := len(o.Rows) - len(rows); left > 0 {
		line(c.err, "note: %d more rows; --top 0 shows all\n", left)
	}
	if o.Other != nil && o.filtered {
		line(c.err, "note: what is in (other) may belong to the answer in part; it is left out of all. More cubes.cells keep more apart.\n")
	}
	return nil
}

func (o *reachOutput) line(table *tabwriter.Writer, name string, r *insights.ReachRow) {
	line(table, "%s\t%9d\t%8d\t%8d\t%8d", name, r.Customers, r.Low, r.High, r.Events)
	for _, measure := range o.Measures {
		line(table, "\t%*d", len(measure), r.Measures[measure])
	}
	if b := r.Segment; b != nil {
		line(table, "\t%*d\t%8d\t%8d\t%*d", max(8, len(o.segment)+3), b.Both, b.Low, b.High, max(8, len(o.segment)+3), b.Either)
		if b.Wide {
			o.wide++
		}
	}
	line(table, "\n")
}
