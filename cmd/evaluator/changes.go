package main

import (
	"context"
	"fmt"
	"time"

	"muster/lookup"
)

// missedLine is what is printed where changes were missed.
type missedLine struct {
	Gap    string `json:"gap"` // what is known of it, as a sentence
	Missed int64  `json:"missed,omitempty"`
}

// followedLine is how a change is printed.
type followedLine struct {
	ID string `json:"id"` // place behind it
	lookup.Change
}

type changesCommand struct {
	Config  string   `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server  string   `placeholder:"URL" help:"Ask the API of an evaluator and not Redis, as https://muster.internal:8090; MUSTER_TOKEN has the token."`
	Segment []string `placeholder:"ID" sep:"none" help:"Only changes of this segment; repeat it for several."`
	Profile string   `placeholder:"ID" help:"Only changes of this profile."`
	From    string   `placeholder:"PLACE" help:"Go on behind a change that was printed before, by its id. Default: from now on."`
	Limit   int      `placeholder:"N" help:"Stop after so many changes. Default: go on until it is stopped."`
	Output  string   `enum:"text,json" default:"text" help:"How to print: ${enum}; json is a line for each change."`

	printed int
	place   string // behind what was printed, "" where it is not known
}

// Help is shown by --help.
func (changesCommand) Help() string {
	return `Prints each change of a membership as it happens, until it is stopped: the changes of one
profile in their order, and those of different profiles in none.

    evaluator changes -c muster.yaml --segment vip --segment repeat-buyers

    2026-11-21T10:00:00.000Z  u1  entered  vip  version 3  event

When it ends, the place where it stopped stands on stderr, and --from goes on there, so
that no change is missed and none is printed twice:

    evaluator changes -c muster.yaml --from 3q2-7wIBAgEAAA

With --output json each line is an object, whose id is such a place:

    {"id":"3q2-7wIBAgEAAA","profile":"u1","segment":"vip","entered":true,
     "at":"2026-11-21T10:00:00.000Z","version":3,"cause":"event"}

With --server the API of an evaluator is asked in place of Redis. When that evaluator ends
or is away, the command connects again and goes on where it was; places are the same with
and without --server. Changes that redis.outbox_max no longer keeps can't be printed; then
a line on stderr says so, or with json an object {"gap":"...","missed":17}.

    MUSTER_TOKEN=... evaluator changes --server https://muster.internal:8090 --output json

Exit code: 0 when it was stopped or has printed --limit changes, 1 when Redis or the API
can't be reached at the start, or the number of shards was changed, 2 when the
configuration, the token, a segment or the place can't be used.`
}

// Run prints changes as they come.
func (cmd *changesCommand) Run(c console) error {
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	if cmd.Limit < 0 {
		return unusable(fmt.Errorf("--limit is %d; it must be at least 1", cmd.Limit))
	}
	cmd.place = cmd.From
	var err error
	if cmd.Server != "" {
		err = withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.ask(ctx, c, s) })
	} else {
		err = withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.read(ctx, c, r) })
	}
	if cmd.place != "" && cmd.place != cmd.From {
		_, _ = fmt.Fprintf(c.err, "go on with --from %s\n", cmd.place)
	}
	return err
}

// enough reports whether as many changes were printed as were asked for.
func (cmd *changesCommand) enough() bool { return cmd.Limit > 0 && cmd.printed >= cmd.Limit }

// print prints a change.
func (cmd *changesCommand) print(c console, one *followedLine) error {
	cmd.printed++
	cmd.place = one.ID
	if cmd.Output == "json" {
		return printJSON(c.out, one)
	}
	way := "left"
	if one.Entered {
		way = "entered"
	}
	_, err := fmt.Fprintf(c.out, "%s  %s  %s  %s  version %d  %s\n", one.At, lookup.Shown(one.Profile), way, one.Segment, one.Version, one.Cause)
	return wrap("writing output", err)
}

// printMissed says that changes were missed.
func (cmd *changesCommand) printMissed(c console, one missedLine) error {
	if cmd.Output == "json" {
		return printJSON(c.out, one)
	}
	_, err := fmt.Fprintf(c.err, "changes were missed: %s\n", one.Gap)
	return wrap("writing output", err)
}

// pause waits, and reports false when ctx has ended.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
