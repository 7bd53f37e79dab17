package main

import (
	"context"
	"net/url"
	"strings"
	"text/tabwriter"

	"muster/insights"
	"muster/snapshot"
)

type insightsOverlap struct {
	insightsFlags
	Segment []string `arg:"" placeholder:"SEGMENT" help:"Segments, 2 to 10 of them."`
	JSON    bool     `help:"Print JSON in place of tables."`
	picturesFlags
}

// Help is shown by --help.
func (insightsOverlap) Help() string {
	return `Counts how many profiles segments have in common, two by two and in every combination.

    evaluator insights overlap -c muster.yaml buyers newsletter vip --svg overlap.svg

    20000 profiles, all held

                  buyers  newsletter  vip
          buyers    6321        3799  148
      newsletter    3799        5440  120
             vip     148         120  148

    exactly     from       to   in all  segments
       3679     3679     3679     3799  buyers, newsletter
       2494     2494     2494     6321  buyers
       1641     1641     1641     5440  newsletter
        120      120      120      120  buyers, newsletter, vip
         28       28       28      148  buyers, vip

The first table has who is in both of two segments. In the second, "exactly" are who is in
these segments and in none of the others that were named, and "in all" who is in these,
whatever else. The picture has a column for each combination, as high as "exactly".

The command shows the 20 largest combinations that anybody has, and --json all. Where not
all profiles fit snapshot.memory the figures are estimates, from a random sample. Who is in
a segment is told as Redis has it. See docs/insights.md.

With --server evaluator insights serve is asked, which holds the profiles.

Exit code: 0 when told, 1 when Redis or the server can't be reached or a picture can't be
written, 2 when a segment, the configuration or what Redis holds can't be used.`
}

// Run counts and tells.
func (cmd *insightsOverlap) Run(c console) error {
	if err := insights.CheckOverlap(cmd.Segment); err != nil {
		return unusable(err)
	}
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	if cmd.Server != "" {
		return withServerFor(insightsWithin, cmd.Server, func(ctx context.Context, s *server) error {
			var o insights.Overlap
			if err := s.get(ctx, &o, url.Values{"segment": cmd.Segment}, "insights", "overlap"); err != nil {
				return err
			}
			return cmd.finish(c, &o)
		})
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		o, err := cmd.count(ctx, c, r)
		if err != nil {
			return unanswered(err)
		}
		return cmd.finish(c, o)
	})
}

// finish tells the answer and draws it.
func (cmd *insightsOverlap) finish(c console, o *insights.Overlap) error {
	if err := cmd.tell(c, o); err != nil {
		return err
	}
	return cmd.draw(o.WriteSVG, o.WritePNG)
}

func (cmd *insightsOverlap) count(ctx context.Context, c console, r *reader) (*insights.Overlap, error) {
	for _, id := range cmd.Segment {
		if err := r.lookup.UnknownSegment(ctx, id); err != nil {
			return nil, err
		}
	}
	columns, err := cmd.fill(ctx, c, r, snapshot.Wanted{})
	if err != nil {
		return nil, err
	}
	return insights.OverlapOfSegments(columns, cmd.Segment)
}

// mostCombinations is how many are told for people. JSON has all.
const mostCombinations = 20

func (cmd *insightsOverlap) tell(c console, o *insights.Overlap) error {
	if cmd.JSON {
		return printJSON(c.out, o)
	}
	line(c.out, "%d profiles, %s\n\n", o.Profiles, heldOf(o.Held, o.Profiles))
	matrix := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for i := range o.Audiences {
		line(matrix, "\t%s", o.Audiences[i].Name)
	}
	line(matrix, "\t\n")
	for i := range o.Audiences {
		line(matrix, "%s", o.Audiences[i].Name)
		for _, both := range o.Matrix[i] {
			line(matrix, "\t%d", both)
		}
		line(matrix, "\t\n")
	}
	if err := matrix.Flush(); err != nil {
		return wrap("writing output", err)
	}
	if len(o.Combinations) == 0 {
		line(c.out, "\nnobody is in any of them\n")
		return nil
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	line(table, "\nexactly\t   from\t     to\t in all\tsegments\n")
	for _, one := range o.Combinations[:min(mostCombinations, len(o.Combinations))] {
		line(table, "%7d\t%7d\t%7d\t%7d\t%s\n", one.Exactly.Estimate, one.Exactly.Low, one.Exactly.High, one.All.Estimate, strings.Join(one.Names, ", "))
	}
	if more := len(o.Combinations) - mostCombinations; more > 0 {
		line(table, "and %d more, which --json tells\n", more)
	}
	return wrap("writing output", table.Flush())
}
