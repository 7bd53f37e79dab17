package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"text/tabwriter"

	"muster/lookup"
	"muster/service"
)

type sizesCommand struct {
	Config   string `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server   string `placeholder:"URL" help:"Ask the API of an evaluator and not Redis, as https://muster.internal:8090; MUSTER_TOKEN has the token."`
	Segments string `short:"f" placeholder:"FILE|DIR" help:"Segment files, to tell also since when each segment is complete."`
	Work     string `placeholder:"LOCATION" help:"Work directory of backfills, to tell with -f also how far history of each segment is. Default: api.backfills of the configuration."`
	Output   string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (sizesCommand) Help() string {
	return `Reads from Redis how many members every segment has, over all shards. It disturbs no
evaluator. Shards are read one after the other, so the figures are of the last moment
and not of one instant. A segment that never had a member is not listed.

    evaluator sizes -c muster.yaml

    segment          members
    repeat-buyers       1204
    vip-going-quiet       17

With -f, the segment files that the evaluators have, each of their segments is listed,
and since when what it counts has been kept: always, or an instant, until the windows of
the segment have moved on past it or a backfill has brought what was before.

    evaluator sizes -c muster.yaml -f segments/

    segment          members  complete since
    repeat-buyers       1204  always
    vip-going-quiet       17  2026-11-21T10:00:00Z

Where history of a segment is on its way, waits or did not get there, which the work directory
of backfills knows, there is a column for that. It is that of --work, or api.backfills:

    segment          members  complete since        history
    repeat-buyers       1204  always
    vip-going-quiet       17  2026-11-21T10:00:00Z  on its way: index 41%, about 3m20s left

With --output json:

    {"sizes":[{"segment":"repeat-buyers","members":1204},{"segment":"vip-going-quiet","members":17}]}

With --server the API of an evaluator is asked in place of Redis. It has the segments in
force, so its answer is as with -f:

    MUSTER_TOKEN=... evaluator sizes --server https://muster.internal:8090

With -f or --server a segment that is not complete has "complete_since":"2026-11-21T10:00:00Z" too,
and one whose history is under way "history":{"request":"4532f07c3ab2a5ed","phase":"running",
"stage":"index","share":"41%","seconds_left":200.4}.

Exit code: 0 when read, 1 when Redis or the API can't be reached, 2 when the
configuration, the token, or what Redis holds, can't be used.`
}

// sizeLine is how the size of a segment is printed.
type sizeLine struct {
	Segment string `json:"segment"`
	Members int64  `json:"members"`
	// Since is since when what it counts has been kept, "" for always.
	Since string `json:"complete_since,omitempty"`
	// History is what is under way of it, nil for nothing.
	History *underWay `json:"history,omitempty"`
}

// Run reads and prints.
func (cmd *sizesCommand) Run(c console) error {
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	if cmd.Server != "" {
		if cmd.Segments != "" || cmd.Work != "" {
			return unusable(errors.New("-f and --work are for -c: the API has the segments in force, and knows of backfills"))
		}
		return withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.ask(ctx, c, s) })
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.print(ctx, c, r) })
}

func (cmd *sizesCommand) print(ctx context.Context, c console, r *reader) error {
	sizes, err := r.store.Sizes(ctx)
	if err != nil {
		return service.Classify(err)
	}
	lines := []sizeLine{}
	since, err := cmd.since(ctx, r)
	if err != nil {
		return err
	}
	history, err := cmd.history(ctx, c, r)
	if err != nil {
		return err
	}
	ids := slices.Collect(maps.Keys(sizes))
	if since != nil {
		ids = slices.Collect(maps.Keys(since))
	}
	slices.Sort(ids)
	for _, id := range ids {
		lines = append(lines, sizeLine{id, sizes[id], since[id], history[id]})
	}
	return cmd.printLines(c, lines, cmd.Segments != "")
}

// ask has the API tell, which knows the segments.
func (cmd *sizesCommand) ask(ctx context.Context, c console, s *server) error {
	var got struct{ Segments []lookup.Segment }
	if err := s.get(ctx, &got, nil, "segments"); err != nil {
		return err
	}
	history, err := historyFrom(ctx, s)
	if err != nil {
		return err
	}
	lines := make([]sizeLine, len(got.Segments))
	for i, one := range got.Segments {
		lines[i] = sizeLine{Segment: one.ID, Members: one.Size, History: history[one.ID]}
		if one.CompleteSince != nil {
			lines[i].Since = one.CompleteSince.String()
		}
	}
	return cmd.printLines(c, lines, true)
}

// printLines prints sizes, and since when segments are complete if that was
// asked for.
func (cmd *sizesCommand) printLines(c console, lines []sizeLine, complete bool) error {
	if cmd.Output == "json" {
		return printJSON(c.out, struct {
			Sizes []sizeLine `json:"sizes"`
		}{lines})
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	head, tail := "", func(sizeLine) string { return "" }
	switch {
	case complete && slices.ContainsFunc(lines, func(l sizeLine) bool { return l.History != nil }):
		head, tail = "\tcomplete since\thistory", func(l sizeLine) string { return "\t" + cmp.Or(l.Since, "always") + l.history() }
	case complete:
		head, tail = "\tcomplete since", func(l sizeLine) string { return "\t" + cmp.Or(l.Since, "always") }
	}
	line(table, "segment\tmembers%s\n", head)
	for _, one := range lines {
		line(table, "%s\t%7d%s\n", one.Segment, one.Members, tail(one))
	}
	return wrap("writing output", table.Flush())
}

// history is the column of what is under way.
func (l *sizeLine) history() string {
	if l.History == nil {
		return ""
	}
	return "\t" + l.History.String()
}

// since returns since when the segments of the files are complete in all
// shards, "" for always; nil where no files are named.
func (cmd *sizesCommand) since(ctx context.Context, r *reader) (map[string]string, error) {
	if cmd.Segments == "" {
		return nil, nil
	}
	set, err := loadSegments(cmd.Segments)
	if err != nil {
		return nil, err
	}
	latest, err := r.lookup.CompleteSince(ctx, set)
	if err != nil {
		return nil, service.Classify(err)
	}
	since := make(map[string]string, len(latest))
	for id, at := range latest {
		if since[id] = ""; at != 0 {
			since[id] = at.String()
		}
	}
	return since, nil
}
