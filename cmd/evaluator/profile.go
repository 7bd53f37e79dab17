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
	Most   int    `name:"aggregates" default:"100" help:"How many aggregates to show, which are what rules ask of the profile's events; 0 for none, at most 10000."`
	pastFlags
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (profileCommand) Help() string {
	return `Shows what Redis keeps of one profile: its traits and groups, the segments it is in, and
when time alone may next change that, and, as aggregates, what rules ask of its events.
It disturbs no evaluator. What the last seconds brought may not be committed yet; the
time behind "as of" is the shard's clock.

    evaluator profile u42 -c muster.yaml

    profile u42, shard 3 of 16, as of 2026-11-21T10:00:00.000Z
    first seen  2026-10-01T10:00:00.000Z
    last seen   2026-11-20T18:12:44.120Z
    next flip   2026-12-09T12:00:00.000Z at the earliest
    traits
      country  "DE"
    segments
      vip  since 2026-11-09T12:00:00.000Z  by event
    aggregates
      sum(map(events("Order Completed", "365d"), .revenue)) is 700

Since when a membership is, only the outbox tells, which keeps the newest
redis.outbox_max changes of a shard; --outbox bounds how far it is read. Why a profile
is in a segment or not: evaluator explain --live u42 --segment vip -c muster.yaml.

What rules ask is known from the segments that the configuration names. Where they can't be
read, the rest is shown, and --aggregates 0 leaves them alone.

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
	if cmd.Most < 0 || cmd.Most > mostAggregates {
		return unusable(fmt.Errorf("--aggregates is %d; it must be 0 to %d", cmd.Most, mostAggregates))
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
		return withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.ask(ctx, c, s) })
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.tell(ctx, c, r) })
}

// mostAggregates is how many aggregates are shown at the most, as by the API.
const mostAggregates = 10_000

// ask has the API tell of the profile.
func (cmd *profileCommand) ask(ctx context.Context, c console, s *server) error {
	query := url.Values{"outbox": {strconv.Itoa(cmd.Outbox)}, "aggregates": {strconv.Itoa(cmd.Most)}}
	var p lookup.Profile
	if err := s.get(ctx, &p, query, "profiles", cmd.ID); err != nil {
		return err
	}
	return cmd.print(c, &p)
}

// tell tells of the profile from Redis.
func (cmd *profileCommand) tell(ctx context.Context, c console, r *reader) error {
	if cmd.Most > 0 {
		set, _, err := r.rules(ctx, "")
		if err != nil {
			_, _ = fmt.Fprintf(c.err, "no aggregates are shown, as the segments can't be read: %v\n", err)
		}
		r.set = set
	}
	p, err := r.lookup.Profile(ctx, cmd.ID, lookup.Extent{Outbox: cmd.Outbox, Aggregates: cmd.Most})
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
}

func (cmd *profileCommand) print(c console, p *lookup.Profile) error {
	if p.Foreign && cmd.Most > 0 {
		_, _ = fmt.Fprintf(c.err, "warning: the aggregates are those of other rules than shard %d goes by: "+
			"what only these ask for is missing, or kept only in part\n", p.Shard)
	}
	if cmd.Output == "json" {
		return printJSON(c.out, p)
	}
	return printProfile(c.out, p)
}
