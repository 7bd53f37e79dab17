package main

import (
	"context"
	"errors"
	"io"
	"os/signal"
	"syscall"

	"muster/history"
	"muster/service"
)

// backfillGraph draws what a start would do.
type backfillGraph struct {
	ID string `arg:"" optional:"" help:"Id of a request of the work directory, or how it begins, in place of the flags that say what is asked for."`
	backfillRequest
	Output string `enum:"mermaid,dot,json" default:"mermaid" help:"Language of the drawing: ${enum}."`
}

// Help is shown by --help.
func (backfillGraph) Help() string {
	return `Draws what a start with the same flags depends on: which parts are there, which would be
made, and why. It lists the archive and reads nothing else of it. With the id of a request, which
may be running, it needs no flags but --work, and -c where that is a bucket: it draws what the
request was planned to do, and what of it is there by now.

Examples:

    evaluator backfill graph -f segments/ --archive ./events --work work \
      --as-of 2026-11-21T00:00:00Z --output dot | dot -Tsvg > graph.svg
    evaluator backfill graph 3f2a --work work`
}

// Run draws.
func (cmd *backfillGraph) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	draw := cmd.asked
	if cmd.ID != "" {
		draw = cmd.known
	}
	outline, err := draw(ctx)
	if err != nil {
		return err
	}
	switch cmd.Output {
	case "dot":
		_, err = io.WriteString(c.out, outline.DOT())
	case "json":
		return printJSON(c.out, outline)
	default:
		_, err = io.WriteString(c.out, outline.Mermaid())
	}
	return wrap("writing output", err)
}

// asked outlines what the flags ask for.
func (cmd *backfillGraph) asked(ctx context.Context) (*history.Outline, error) {
	b, err := cmd.open(ctx)
	if err != nil {
		return nil, err
	}
	outline, err := b.Outline(ctx)
	return outline, backfillError(err)
}

// known outlines a request of the work directory.
func (cmd *backfillGraph) known(ctx context.Context) (*history.Outline, error) {
	if cmd.Segments != "" || cmd.Archive != "" || cmd.AsOf != 0 {
		return nil, unusable(errors.New("a request that is named by its id knows its segments, archive and as-of: leave out -f, --archive and --as-of"))
	}
	named := backfillNamed{ID: cmd.ID, backfillWork: backfillWork{Config: cmd.Config, Work: cmd.Work}}
	requests, err := named.open(ctx)
	if err != nil {
		return nil, err
	}
	e, err := named.find(ctx, requests)
	if err != nil {
		return nil, err
	}
	reach, err := named.reach()
	if err != nil {
		return nil, err
	}
	return service.OutlineBackfill(ctx, e, reach)
}
