package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"muster/service"
)

type sizesCommand struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
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

With --output json:

    {"sizes":[{"segment":"repeat-buyers","members":1204},{"segment":"vip-going-quiet","members":17}]}

Exit code: 0 when read, 1 when Redis can't be reached, 2 when the configuration, or what
Redis holds, can't be used.`
}

// sizeLine is how the size of a segment is printed.
type sizeLine struct {
	Segment string `json:"segment"`
	Members int64  `json:"members"`
}

// Run reads and prints.
func (cmd *sizesCommand) Run(c console) error {
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.print(ctx, c, r) })
}

func (cmd *sizesCommand) print(ctx context.Context, c console, r *reader) error {
	sizes, err := r.store.Sizes(ctx)
	if err != nil {
		return service.Classify(err)
	}
	lines := []sizeLine{}
	for _, id := range slices.Sorted(maps.Keys(sizes)) {
		lines = append(lines, sizeLine{id, sizes[id]})
	}
	if cmd.Output == "json" {
		return printJSON(c.out, struct {
			Sizes []sizeLine `json:"sizes"`
		}{lines})
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "segment\tmembers\n")
	for _, line := range lines {
		_, _ = fmt.Fprintf(table, "%s\t%7d\n", line.Segment, line.Members)
	}
	return wrap("writing output", table.Flush())
}
