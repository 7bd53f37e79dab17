package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"go.uber.org/zap"

	"muster/history"
	"muster/history/keeping"
	"muster/history/publication"
	"muster/observe"
	"muster/service"
)

// backfillKeep keeps the segments that say backfill: auto complete.
type backfillKeep struct {
	backfillRequest
	paceFlags
	backfillTurn `group:"When and how it is watched"`

	Every  time.Duration `default:"24h" placeholder:"DURATION" help:"Bring history again after this time, for profiles that were silent and removed; 0 for never."`
	Look   time.Duration `default:"30s" placeholder:"DURATION" help:"How often to look whether history is wanted, 1s to 24h."`
	Once   bool          `help:"Look once, bring what is wanted, and end."`
	DryRun bool          `help:"Only tell for which segments history is wanted, and why."`
	Output string        `enum:"text,json" default:"text" help:"How to print what --once and --dry-run find: ${enum}."`
}

// Help is shown by --help.
func (backfillKeep) Help() string {
	return `Brings history into a running service, as backfill start does, for the segments whose
files say

    backfill: auto

whenever they want some:

    new        no history was brought for the segment yet, as at a first start
    edited     it has another meaning since
    lost       a shard knows of no run: Redis lost its data, or the shards were made anew
    lacking    a shard has not kept all events that the segment counts
    silent     --every has passed: profiles that were silent may have been removed since

Before each look it also takes the oldest order that POST /v1/backfills of the API has left
in the work directory, for any segments. An order that fails is not tried again.

All that is wanted at a time is brought by one run, which reads the archive once. Let it
run beside the evaluators, or call it from a scheduler with --once. Of several for one
deployment, whose work directory may be in a bucket, one works at a time. One that was killed goes on where it was. Segment files are read anew each time;
files with a mistake are logged, and looked at again.

Examples:

    evaluator backfill keep -c muster.yaml -f segments/ --archive s3://acme/events \
      --layout segment --work /var/tmp/backfill

    # what would be brought, and why?
    evaluator backfill keep -c muster.yaml -f segments/ --archive s3://acme/events \
      --layout segment --work /var/tmp/backfill --dry-run

Exit code: 0 when asked to end, or with --once when all is brought, 1 when something
fails with --once, 2 when the configuration, the segments or the archive can't be used.`
}

// Run looks again and again.
func (cmd *backfillKeep) Run(c console) error {
	switch {
	case cmd.Config == "":
		return unusable(errors.New("which service is history for? Name its configuration with -c FILE"))
	case cmd.Segments == "":
		return errNoSegments
	case cmd.AsOf != 0:
		return unusable(errors.New("--as-of is for backfill start --dry-run: a service is given history up to where it goes on itself"))
	case cmd.Look < time.Second || cmd.Look > 24*time.Hour:
		return unusable(fmt.Errorf("--look is %s; it must be between 1s and 24h", cmd.Look))
	case cmd.Every < 0:
		return unusable(fmt.Errorf("--every is %s; it must be at least 0", cmd.Every))
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		log, err := observe.NewLogger(r.config.Log, c.err)
		if err != nil {
			return unusable(err)
		}
		target, closed, err := service.PublicationTarget(ctx, &r.config, r.store)
		if err != nil {
			return err
		}
		defer closed()
		place, err := openWork(ctx, cmd.Work, r.config.Archive)
		if err != nil {
			return err
		}
		keep := &keep{cmd, c, r, target, log, place}
		switch {
		case cmd.DryRun:
			return keep.tell(ctx)
		case cmd.Once:
			return keep.once(ctx)
		}
		keep.on(ctx)
		return nil
	})
}

// keep is a backfillKeep that is connected to its deployment.
type keep struct {
	*backfillKeep
	console
	reader *reader
	target publication.Target
	log    *zap.Logger
	place  history.Files // of the work directory
}

// keeper reads the segments as they are now.
func (k *keep) keeper(ctx context.Context) (*keeping.Keeper, error) {
	set, err := k.segments()
	if err != nil {
		return nil, err
	}
	request, err := k.request(ctx, k.reader.config, set)
	if err != nil {
		return nil, err
	}
	how, err := k.config(ctx, k.reader.config.Archive)
	if err != nil {
		return nil, err
	}
	source := publication.Source{Rules: set, Request: *request, Config: how}
	return &keeping.Keeper{
		Target: k.target, Lacks: k.reader.store, Source: source, Config: k.pace(), Every: k.Every, Began: k.began, Bring: k.bring,
	}, nil
}

// bring brings history when its turn comes, as a start would that has the same
// flags.
func (k *keep) bring(ctx context.Context, p *publication.Publication) (*publication.Report, error) {
	start := &backfillStart{backfillRequest: k.backfillRequest, backfillTurn: k.backfillTurn}
	start.paceFlags, start.Segment = k.paceFlags, p.Segments()
	return start.publishInTurn(ctx, k.console, p)
}

func (k *keep) began(p *publication.Publication, wants []keeping.Want) {
	fields := []zap.Field{zap.String("request", p.ID()), zap.Int("segments", len(wants))}
	for _, w := range wants[:min(len(wants), maxShown)] {
		fields = append(fields, zap.String(w.Segment, string(w.Reason)))
	}
	k.log.Info("bringing history", fields...)
}

// round does the oldest order, looks once, and returns the reports of both. An
// order that fails keeps nothing else from being brought.
func (k *keep) round(ctx context.Context) (reports []*publication.Report, err error) {
	keeper, err := k.keeper(ctx)
	if err != nil {
		return nil, err
	}
	report, failure := k.order(ctx, keeper)
	if ctx.Err() != nil || errors.Is(failure, keeping.ErrNotYet) || errors.Is(failure, history.ErrHeld) {
		return nil, failure
	}
	if report != nil {
		reports = append(reports, report)
	}
	if report != nil || failure != nil { // the segments may be others by now
		if keeper, err = k.keeper(ctx); err != nil {
			return reports, errors.Join(failure, err)
		}
	}
	report, err = keeper.Round(ctx)
	if report != nil && err == nil {
		reports = append(reports, report)
	}
	for _, r := range reports {
		if r.DeadLetters > 0 {
			k.log.Warn("there are dead letters since the run began, perhaps of it", zap.String("run", r.Run), zap.Int64("dead_letters", r.DeadLetters))
		}
	}
	return reports, errors.Join(failure, err)
}

// once looks once, and prints what was done.
func (k *keep) once(ctx context.Context) error {
	reports, err := k.round(ctx)
	for _, report := range reports {
		err = errors.Join(err, printPublication(k.out, report, k.Output))
	}
	if err != nil {
		return publicationError(ctx, err)
	}
	if len(reports) > 0 {
		return nil
	}
	if k.Output == "json" {
		return printJSON(k.out, struct {
			Wanted []keeping.Want `json:"wanted"`
		}{[]keeping.Want{}})
	}
	_, err = fmt.Fprintln(k.out, "No segment wants history.")
	return wrap("writing output", err)
}

// on looks until ctx ends. What fails is logged and tried again.
func (k *keep) on(ctx context.Context) {
	for ctx.Err() == nil {
		reports, err := k.round(ctx)
		for _, report := range reports {
			k.log.Info("history was brought", zap.String("run", report.Run), zap.Int64("profiles", report.Profiles), zap.Int("segments", len(report.Segments)))
		}
		switch {
		case ctx.Err() != nil:
			k.log.Info("stopped; what was not brought goes on with the next start")
			return
		case errors.Is(err, keeping.ErrNotYet):
			k.log.Info("waiting for the evaluators to take the rules over", zap.Error(err))
		case errors.Is(err, history.ErrHeld):
			k.log.Info("another process keeps this deployment; looking again", zap.Duration("after", k.Look))
		case err != nil:
			k.log.Error("history was not brought; looking again", zap.Error(err), zap.Duration("after", k.Look))
		case len(reports) > 0:
			continue // perhaps more is wanted by now
		}
		_ = publication.WallClock{}.Wait(ctx, k.Look)
	}
}

// tell prints what is wanted.
func (k *keep) tell(ctx context.Context) error {
	keeper, err := k.keeper(ctx)
	if err != nil {
		return err
	}
	wants, _, err := keeper.Wants(ctx)
	if err != nil {
		return publicationError(ctx, err)
	}
	if k.Output == "json" {
		if wants == nil {
			wants = []keeping.Want{}
		}
		return printJSON(k.out, struct {
			Wanted []keeping.Want `json:"wanted"`
		}{wants})
	}
	table := tabwriter.NewWriter(k.out, 0, 0, 2, ' ', 0)
	line(table, "segment\thistory is wanted as it is\n")
	for _, w := range wants {
		line(table, "%s\t%s\n", w.Segment, w.Reason)
	}
	return wrap("writing output", table.Flush())
}
