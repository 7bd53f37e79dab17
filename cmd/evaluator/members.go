package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"

	"muster/lookup"
	"muster/service"
	"muster/sink"
)

type membersCommand struct {
	Segment string  `arg:"" placeholder:"SEGMENT" help:"The segment."`
	Config  string  `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server  string  `placeholder:"URL" help:"Ask the API of an evaluator and not Redis, as https://muster.internal:8090; MUSTER_TOKEN has the token."`
	At      instant `placeholder:"TIME" help:"Who was in at this time, as 2026-11-21T10:00:00Z. Default: now."`
	Limit   int     `placeholder:"N" help:"Stop after about so many, and say where to go on. Default: all."`
	Cursor  string  `placeholder:"CURSOR" help:"Go on where an earlier command with --limit has stopped."`
	Output  string  `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (membersCommand) Help() string {
	return `Prints the profiles in a segment, one a line and in no order, as Redis hands them out:
however many there are, they are never in memory together, and Redis is never kept
busy by one question. Who enters or leaves meanwhile may be printed or not, and while a
set grows or shrinks a profile may come twice.

    evaluator members vip -c muster.yaml > vip.txt

With --limit it stops after about so many, and where to go on stands on stderr:

    evaluator members vip -c muster.yaml --limit 1000
    evaluator members vip -c muster.yaml --limit 1000 --cursor 1.0.4711

With --output json each line is an object, {"profile":"u1"}, and the last one says where
to go on, {"cursor":"1.0.4711"}, or that these were all, {"cursor":""}. A cursor is good
until the next reshard and, for a gapless list, until Redis restarts or fails over. With
--server the API of an evaluator is asked in place of Redis; its cursors are its own.

With --at it prints who was in then, from what redis.chronicle_keep has evaluators keep:

    evaluator members vip -c muster.yaml --at 2026-11-21T10:00:00Z

Exit code: 0 when read, 1 when Redis can't be reached, 2 when the configuration, the
segment, the cursor or the time can't be used.`
}

// Run prints members as they come.
func (cmd *membersCommand) Run(c console) error {
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	if cmd.Server != "" && cmd.Limit >= 0 {
		return withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.ask(ctx, c, s) })
	}
	if cmd.At != 0 && cmd.Limit >= 0 {
		return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.printPast(ctx, c, r) })
	}
	from, err := sink.ParseCursor(cmd.Cursor)
	switch {
	case err != nil:
		return unusable(fmt.Errorf("--cursor: %w", err))
	case cmd.Limit < 0:
		return unusable(fmt.Errorf("--limit is %d; it must be at least 1", cmd.Limit))
	case cmd.Limit == 0:
		cmd.Limit = math.MaxInt
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.print(ctx, c, r, from) })
}

func (cmd *membersCommand) print(ctx context.Context, c console, r *reader, from sink.Cursor) error {
	out := bufio.NewWriterSize(c.out, 1<<16)
	seen := 0
	next, more, err := r.store.MembersFrom(ctx, cmd.Segment, from, cmd.Limit, func(id string) error {
		seen++
		return cmd.printMember(out, id)
	})
	if errors.Is(err, sink.ErrCursor) {
		return unusable(err)
	}
	if err != nil {
		return errors.Join(service.Classify(err), wrap("writing output", out.Flush()))
	}
	if seen == 0 && from == (sink.Cursor{}) {
		if err := cmd.explainNone(ctx, c, r); err != nil {
			return err
		}
	}
	cursor := ""
	if more {
		cursor = next.String()
	}
	if err := cmd.printNext(c, out, cursor); err != nil {
		return err
	}
	return wrap("writing output", out.Flush())
}

// ask has the API tell, line by line.
func (cmd *membersCommand) ask(ctx context.Context, c console, s *server) error {
	query := url.Values{}
	if cmd.Cursor != "" {
		query.Set("cursor", cmd.Cursor)
	}
	if cmd.Limit > 0 {
		query.Set("limit", strconv.Itoa(cmd.Limit))
	}
	if cmd.At != 0 {
		query.Set("at", cmd.At.String())
	}
	body, err := s.open(ctx, "application/x-ndjson", query, "segments", cmd.Segment, "members")
	if err != nil {
		return err
	}
	defer body.Close()
	out := bufio.NewWriterSize(c.out, 1<<16)
	for decoder := json.NewDecoder(body); ; {
		var line struct {
			Profile, Next *string
			Detail        string
		}
		err := decoder.Decode(&line)
		switch {
		case err != nil || line.Detail != "":
			return errors.Join(brokenOff(line.Detail, err), wrap("writing output", out.Flush()))
		case line.Profile != nil:
			err = cmd.printMember(out, *line.Profile)
		case line.Next != nil:
			return errors.Join(cmd.printNext(c, out, *line.Next), wrap("writing output", out.Flush()))
		}
		if err != nil {
			return err
		}
	}
}

// brokenOff says that not all members have come.
func brokenOff(detail string, err error) error {
	if err == nil {
		err = errors.New(detail)
	}
	return fmt.Errorf("reading members, of which not all have come: %w", err)
}

// printMember prints one.
func (cmd *membersCommand) printMember(out *bufio.Writer, id string) error {
	if cmd.Output == "json" {
		return printJSON(out, struct {
			Profile string `json:"profile"`
		}{id})
	}
	_, err := fmt.Fprintln(out, lookup.Shown(id))
	return wrap("writing output", err)
}

// printNext says where to go on, "" for nowhere.
func (cmd *membersCommand) printNext(c console, out *bufio.Writer, cursor string) error {
	if cmd.Output == "json" {
		return printJSON(out, struct {
			Cursor string `json:"cursor"`
		}{cursor})
	}
	if cursor != "" {
		_, _ = fmt.Fprintf(c.err, "there may be more: go on with --cursor %s\n", cursor)
	}
	return nil
}

// explainNone says why there are no members, if it is not that there are none.
func (cmd *membersCommand) explainNone(ctx context.Context, c console, r *reader) error {
	sizes, err := r.store.Sizes(ctx)
	if err != nil {
		return service.Classify(err)
	}
	if size := sizes[cmd.Segment]; size > 0 {
		_, _ = fmt.Fprintf(c.err, "segment %s has %s, but who they are is not kept (members: false)\n",
			cmd.Segment, number(int(size), "member"))
		return nil
	}
	return service.Classify(r.lookup.UnknownSegment(ctx, cmd.Segment))
}
