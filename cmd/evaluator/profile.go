package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"muster/lookup"
	"muster/service"
)

type profileCommand struct {
	ID     string `arg:"" name:"id" placeholder:"ID" help:"The profile: a userId, or the anonymousId of who has none."`
	Config string `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server string `placeholder:"URL" help:"Ask the API of an evaluator and not Redis, as https://muster.internal:8090; MUSTER_TOKEN has the token."`
	Outbox int    `default:"100000" help:"How many of the shard's newest changes to look through for since when a membership is; 0 for none."`
	pastFlags
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (profileCommand) Help() string {
	return `Shows what Redis keeps of one profile: its traits and groups, the segments it is in, and
when time alone may next change that. It disturbs no evaluator and needs no segment
files. What the last seconds brought may not be committed yet; the time behind "as of"
is the shard's clock.

    evaluator profile u42 -c muster.yaml

    profile u42, shard 3 of 16, as of 2026-11-21T10:00:00.000Z
    first seen  2026-10-01T10:00:00.000Z
    last seen   2026-11-20T18:12:44.120Z
    next flip   2026-12-09T12:00:00.000Z at the earliest
    traits
      country  "DE"
    segments
      vip  since 2026-11-09T12:00:00.000Z  by event

Since when a membership is, only the outbox tells, which keeps the newest
redis.outbox_max changes of a shard; --outbox bounds how far it is read. Why a profile
is in a segment or not: evaluator explain --live u42 --segment vip -c muster.yaml.

With --at it shows only which segments the profile was in then, and with --history every
entry and exit with its cause, from what redis.chronicle_keep has evaluators keep:

    evaluator profile u42 -c muster.yaml --at 2026-11-21T10:00:00Z
    evaluator profile u42 -c muster.yaml --history --limit 20

With --server the API of an evaluator is asked in place of Redis.

Exit code: 0 when shown, 1 when Redis or the API can't be reached, 2 when the configuration can't be
used or there is no such profile.`
}

// Run reads and prints.
func (cmd *profileCommand) Run(c console) error {
	if cmd.Outbox < 0 {
		return unusable(fmt.Errorf("--outbox is %d; it must not be negative", cmd.Outbox))
	}
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	if err := cmd.check(); err != nil {
		return err
	}
	switch {
	case cmd.asked() && cmd.Server != "":
		return withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.askPast(ctx, c, s) })
	case cmd.asked():
		return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.tellPast(ctx, c, r) })
	}
	if cmd.Server != "" {
		return withServer(cmd.Server, func(ctx context.Context, s *server) error {
			var p lookup.Profile
			if err := s.get(ctx, &p, url.Values{"outbox": {strconv.Itoa(cmd.Outbox)}}, "profiles", cmd.ID); err != nil {
				return err
			}
			return cmd.print(c, &p)
		})
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		p, err := r.lookup.Profile(ctx, cmd.ID, cmd.Outbox)
		if err != nil {
			return service.Classify(err)
		}
		switch {
		case p.Unknown != nil:
			_, _ = fmt.Fprintf(c.err, "since when is not known: %v\n", p.Unknown)
		case p.More && cmd.Outbox > 0:
			_, _ = fmt.Fprintf(c.err, "looked through the shard's newest %d changes; --outbox looks through more\n", cmd.Outbox)
		}
		return cmd.print(c, p)
	})
}

func (cmd *profileCommand) print(c console, p *lookup.Profile) error {
	if cmd.Output == "json" {
		return printJSON(c.out, p)
	}
	return printProfile(c.out, p)
}
