package main

import (
	"context"
	"net/url"
	"text/tabwriter"
	"time"

	"muster/lookup"
	"muster/service"
)

type historyCommand struct {
	Segment string   `arg:"" placeholder:"SEGMENT" help:"The segment."`
	Config  string   `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server  string   `placeholder:"URL" help:"Ask the API of an evaluator and not Redis, as https://muster.internal:8090; MUSTER_TOKEN has the token."`
	Step    string   `enum:"hour,day" default:"hour" help:"How long the intervals are, in UTC: ${enum}."`
	From    *instant `placeholder:"TIME" help:"In which hour or day to begin. Default: 24 hours, or 30 days, before --to."`
	To      *instant `placeholder:"TIME" help:"In which hour or day to end. Default: now."`
	Output  string   `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (historyCommand) Help() string {
	return `Tells how a segment has changed: how often profiles entered and left it in each hour or
day, and how many members it had at the end of each. Who enters twice is counted twice.

    evaluator history vip -c muster.yaml --step day --from 2026-11-19T00:00:00Z

    day          entered    left  members         reach
    2026-11-19       310      12     1298  ▅         840
    2026-11-20       295      20     1573  ▆         911
    2026-11-21       401      18     1956  █         980

Hours and days are those of UTC. The bar is as high as the members of the interval, beside
the most there are in the answer. Reach is about how many members were active on a day.

The counts are those of redis.hourly_flow_days and redis.daily_flow_days: what they do not
keep, and what was before they were counted, is left out, and stderr says since when they
are complete. What a backfill brings into a running service counts in the hour in which it
comes to the shard. The history of a segment that is deleted stays until it is too old.

With --output json it is what the API answers; see GET /v1/segments/{id}/history in docs/api.md.

Exit code: 0 when read, 1 when Redis or the API can't be reached, 2 when the configuration,
the token, the segment or the range can't be used.`
}

// Run reads and prints.
func (cmd *historyCommand) Run(c console) error {
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	if cmd.Server != "" {
		return withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.ask(ctx, c, s) })
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.read(ctx, c, r) })
}

func (cmd *historyCommand) read(ctx context.Context, c console, r *reader) error {
	if err := r.lookup.UnknownSegment(ctx, cmd.Segment); err != nil {
		return service.Classify(err)
	}
	q := lookup.SegmentHistoryQuery{From: cmd.From, To: cmd.To, Step: lookup.Step(cmd.Step)}
	h, err := r.lookup.SegmentHistoryOf(ctx, cmd.Segment, q, time.Now())
	if err != nil {
		return service.Classify(err)
	}
	return cmd.print(c, h)
}

// ask has the API tell.
func (cmd *historyCommand) ask(ctx context.Context, c console, s *server) error {
	query := url.Values{"step": {cmd.Step}}
	for name, at := range map[string]*instant{"from": cmd.From, "to": cmd.To} {
		if at != nil {
			query.Set(name, at.String())
		}
	}
	var h lookup.SegmentHistory
	if err := s.get(ctx, &h, query, "segments", cmd.Segment, "history"); err != nil {
		return err
	}
	return cmd.print(c, &h)
}

func (cmd *historyCommand) print(c console, h *lookup.SegmentHistory) error {
	if cmd.Output == "json" {
		return printJSON(c.out, h)
	}
	most := int64(1)
	for i := range h.Intervals {
		most = max(most, h.Intervals[i].Size)
	}
	layout, reach := "2006-01-02T15:04Z", ""
	if h.Step == lookup.Daily {
		layout, reach = time.DateOnly, "     reach"
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	line(table, "%s\tentered\t   left\tmembers\t %s\n", h.Step, reach)
	for i := range h.Intervals {
		one := &h.Intervals[i]
		line(table, "%s\t%7d\t%7d\t%7d\t%c", time.UnixMilli(int64(one.At)).UTC().Format(layout), one.Entered, one.Left, one.Size, barOf(one.Size, most))
		if one.Reach != nil {
			line(table, " %9d", *one.Reach)
		}
		line(table, "\n")
	}
	if err := table.Flush(); err != nil {
		return wrap("writing output", err)
	}
	if h.CompleteSince != nil && (cmd.From != nil && *cmd.From < *h.CompleteSince || len(h.Intervals) == 0) {
		line(c.err, "what was before %s is not counted, or no longer kept\n", h.CompleteSince)
	}
	return nil
}

// barOf is a bar as high as a part of the most.
func barOf(part, most int64) rune {
	bars := []rune(" ▁▂▃▄▅▆▇█")
	top := int64(len(bars) - 1)
	if part <= 0 {
		return bars[0]
	}
	return bars[max(1, min(top, (part*top+most-1)/most))]
}
