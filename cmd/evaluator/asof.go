package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"muster/lookup"
	"muster/service"
)

// pastFlags are those of evaluator profile that ask for the past.
type pastFlags struct {
	At      instant `placeholder:"TIME" help:"Show only the segments it was in at this time, as 2026-11-21T10:00:00Z."`
	History bool    `help:"Show every entry and exit with its cause, the newest first."`
	Limit   int     `default:"100" help:"With --history: how many, 1 to 1000."`
	Cursor  string  `placeholder:"CURSOR" help:"With --history: go on where an earlier command has stopped."`
}

func (f *pastFlags) check() error {
	switch {
	case f.History && f.At != 0:
		return unusable(errors.New("--at and --history ask for two things; keep one"))
	case f.Limit < 1 || f.Limit > 1000:
		return unusable(fmt.Errorf("--limit is %d; it must be 1 to 1000", f.Limit))
	case f.Cursor != "" && !f.History:
		return unusable(errors.New("--cursor is for --history"))
	}
	return nil
}

// asked reports whether the past is asked for.
func (f *pastFlags) asked() bool { return f.History || f.At != 0 }

// tellPast answers from Redis.
func (cmd *profileCommand) tellPast(ctx context.Context, c console, r *reader) error {
	if cmd.History {
		h, err := r.lookup.ProfileHistory(ctx, cmd.ID, cmd.Cursor, cmd.Limit)
		if err != nil {
			return service.Classify(err)
		}
		return cmd.printHistory(c, h)
	}
	m, err := r.lookup.MembershipsAt(ctx, cmd.ID, int64(cmd.At))
	if err != nil {
		return service.Classify(err)
	}
	return cmd.printMemberships(c, m)
}

// askPast has the API answer.
func (cmd *profileCommand) askPast(ctx context.Context, c console, s *server) error {
	if cmd.History {
		query := url.Values{"limit": {strconv.Itoa(cmd.Limit)}}
		if cmd.Cursor != "" {
			query.Set("cursor", cmd.Cursor)
		}
		var h lookup.ProfileHistory
		if err := s.get(ctx, &h, query, "profiles", cmd.ID, "history"); err != nil {
			return err
		}
		return cmd.printHistory(c, &h)
	}
	var m lookup.Memberships
	if err := s.get(ctx, &m, url.Values{"at": {cmd.At.String()}}, "profiles", cmd.ID, "memberships"); err != nil {
		return err
	}
	return cmd.printMemberships(c, &m)
}

func (cmd *profileCommand) printMemberships(c console, m *lookup.Memberships) error {
	if cmd.Output == "json" {
		return printJSON(c.out, m)
	}
	segments := "none"
	if len(m.Segments) > 0 {
		segments = strings.Join(m.Segments, ", ")
	}
	_, err := fmt.Fprintf(c.out, "profile %s at %s, version %d\nsegments  %s\n", lookup.Shown(m.Profile), m.At, m.Version, segments)
	return wrap("writing output", err)
}

func (cmd *profileCommand) printHistory(c console, h *lookup.ProfileHistory) error {
	if cmd.Output == "json" {
		return printJSON(c.out, h)
	}
	if err := printHistoryLines(c.out, h); err != nil {
		return err
	}
	if h.Next != "" {
		_, _ = fmt.Fprintf(c.err, "there may be more: go on with --cursor %s\n", h.Next)
	}
	return nil
}

// printHistoryLines prints a line for each change.
func printHistoryLines(out io.Writer, h *lookup.ProfileHistory) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := range h.Changes {
		one := &h.Changes[i]
		what, why := "left", string(one.Cause)
		if one.Entered {
			what = "entered"
		}
		if one.Run != "" {
			why += " " + one.Run
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\tby %s\tversion %d\n", one.At, what, one.Segment, why, one.Version)
	}
	if len(h.Changes) == 0 && h.Next == "" {
		_, _ = fmt.Fprintf(t, "nothing has changed since %s\n", h.Since)
	}
	return wrap("writing output", t.Flush())
}

// printPast prints who was in the segment, as Redis tells.
func (cmd *membersCommand) printPast(ctx context.Context, c console, r *reader) error {
	out := bufio.NewWriterSize(c.out, 1<<16)
	next, err := r.lookup.MembersAt(ctx, cmd.Segment, cmd.Cursor, int64(cmd.At), cmd.Limit, func(id string) error {
		return cmd.printMember(out, id)
	})
	if err != nil {
		return errors.Join(service.Classify(err), wrap("writing output", out.Flush()))
	}
	if err := cmd.printNext(c, out, next); err != nil {
		return err
	}
	return wrap("writing output", out.Flush())
}
