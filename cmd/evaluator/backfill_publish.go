package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"muster/history"
	"muster/history/publication"
	"muster/history/queue"
	"muster/service"
	"muster/sink"
)

// paceFlags say how history is brought into a service.
type paceFlags struct {
	Settle     time.Duration `default:"10m" placeholder:"DURATION" help:"How long an event that has arrived takes to be in the archive at most; 0 to 168h."`
	WholeSince instant       `placeholder:"TIME" help:"Since when the archive is whole. Default: its first day, else its first arrival."`
	MaxLag     int64         `default:"5000" placeholder:"N" help:"Records that a shard may have to read for the next patches to be given."`
	Batch      int           `default:"50" placeholder:"N" help:"Patches that are given at a time, for each shard; 1 to 10000."`
	Share      float64       `default:"0.25" placeholder:"PART" help:"Part of the time in which patches are on their way, 0.01 to 1."`
}

// publishFlags are those of a start that brings history into a service.
type publishFlags struct {
	paceFlags
	Segment []string `placeholder:"ID" help:"Bring history for this segment only; may be repeated. Default: all."`
	Again   bool     `help:"Begin another run where the last one has ended or can't be gone on with."`
}

// pace returns what the flags say.
func (f *paceFlags) pace() publication.Config {
	c := publication.DefaultConfig()
	c.Settle, c.Whole, c.MaxLag, c.Batch, c.Share = f.Settle, int64(f.WholeSince), f.MaxLag, f.Batch, f.Share
	return c
}

// publish brings history into the service of the configuration. Where it goes
// on with a request, it must be that one.
func (cmd *backfillStart) publish(c console, on *queue.Entry) error {
	switch {
	case cmd.Config == "":
		return unusable(errors.New("which service is history for? Name its configuration with -c FILE, or add --dry-run to have members written to files"))
	case cmd.AsOf != 0:
		return unusable(errors.New("--as-of is for --dry-run: a service is given history up to where it goes on itself"))
	}
	return cmd.withPublication(c, func(ctx context.Context, run *publication.Publication) error {
		if cmd.Plan {
			return cmd.outline(ctx, c, run)
		}
		if on != nil && on.ID != run.ID() {
			now, err := cmd.askedToPublish(run)
			if err != nil {
				return err
			}
			return unusable(changed(on, &now, cmd))
		}
		return cmd.publishTo(ctx, c, run)
	})
}

// withPublication does something with the publication that the flags ask for.
func (cmd *backfillStart) withPublication(c console, do func(context.Context, *publication.Publication) error) error {
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error {
		p, err := cmd.publication(ctx, r)
		if err != nil {
			return err
		}
		target, closed, err := service.PublicationTarget(ctx, &r.config, r.store)
		if err != nil {
			return err
		}
		defer closed()
		config := cmd.pace()
		config.Again = cmd.Again
		run, err := publication.New(target, p, config)
		if err != nil {
			return unusable(err)
		}
		return do(ctx, run)
	})
}

// publication reads what the flags name.
func (cmd *backfillStart) publication(ctx context.Context, r *reader) (publication.Source, error) {
	set, err := cmd.segments()
	if err != nil {
		return publication.Source{}, err
	}
	chosen, err := publication.Choose(set, cmd.Segment)
	if err != nil {
		return publication.Source{}, unusable(err)
	}
	request, err := cmd.request(ctx, r.config, set)
	if err != nil {
		return publication.Source{}, err
	}
	how, err := cmd.config(ctx, r.config.Archive)
	if err != nil {
		return publication.Source{}, err
	}
	return publication.Source{
		Rules: set, Segments: chosen, Request: *request, Config: how,
	}, nil
}

func (cmd *backfillStart) publishTo(ctx context.Context, c console, p *publication.Publication) error {
	ended := watch(c.err, (&publicationLine{}).next, p.Progress)
	report, err := cmd.publishInTurn(ctx, c, p)
	ended()
	if err != nil {
		return publicationError(ctx, err)
	}
	return printPublication(c.out, report, cmd.Output)
}

// publicationError tells what can't be used from what else fails.
func publicationError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return err // which says how to go on
	case errors.Is(err, publication.ErrAnew), errors.Is(err, publication.ErrRules), errors.Is(err, history.ErrNothing),
		errors.Is(err, sink.ErrMismatch):
		return unusable(err)
	}
	return err
}

// printPublication prints what a publication did.
func printPublication(out io.Writer, r *publication.Report, output string) error {
	if output == "json" {
		return printJSON(out, r)
	}
	var b bytes.Buffer
	if r.Before {
		line(&b, "Run %s of this request ended at %s. To read the archive anew: --again\n\n", r.Run, r.Done)
	} else {
		line(&b, "Run %s has brought history into the service. Its notes are in %s\n\n", r.Run, r.Folder)
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line(table, "segments\t%s\n", listing(r.Segments))
	line(table, "seams\t%s to %s\n", r.Seams[0], r.Seams[1])
	line(table, "whole since\t%s\n", r.WholeSince)
	line(table, "profiles\t%d, %s of patches\n", r.Profiles, short(r.Bytes, "B"))
	line(table, "dead letters\t%d since the run began, of whatever cause\n", r.DeadLetters)
	h, s := r.History, r.Seconds
	line(table, "read\t%s\n", costText(h.Read))
	line(table, "not read again\t%s\n", costText(h.Saved))
	line(table, "events\t%d applied, %d repeats, %d arrived behind the seams\n", h.Applied, h.Repeats, h.Later)
	line(table, "of no use\t%d in the archive; %d more refused by bounds of profiles\n", h.Summary.DeadLetters, h.Summary.Refused)
	line(table, "seconds\t%.1f open, %.1f settle, %.1f plan, %.1f index, %.1f evaluate, %.1f send, %.1f close\n",
		s.Open, s.Settle, s.Plan, s.Index, s.Evaluate, s.Send, s.Close)
	_ = table.Flush()
	printWarnings(&b, h.Summary)
	_, err := b.WriteTo(out)
	return wrap("writing output", err)
}

// maxShown bounds the segments that are printed by name.
const maxShown = 10

func listing(ids []string) string {
	text := fmt.Sprintf("%d: %s", len(ids), strings.Join(ids[:min(len(ids), maxShown)], ", "))
	if len(ids) > maxShown {
		text += ", ..."
	}
	return text
}

// publicationLine makes the line that shows how far a publication is.
type publicationLine struct {
	history backfillLine
	rate    rate
}

// next returns the line for a moment.
func (l *publicationLine) next(p publication.Progress, now time.Time) string {
	text := p.Stage.String()
	switch p.Stage {
	case publication.StageSettle:
		if !p.Until.IsZero() {
			text += fmt.Sprintf(" until %s, %s left", p.Until.UTC().Format(time.TimeOnly), max(0, p.Until.Sub(now)).Round(time.Second))
		}
	case publication.StageRead:
		text = l.history.next(p.History, now)
	case publication.StageSend:
		text += l.rate.text(int(p.Stage), p.Sent, p.All, "patches", now)
	}
	if p.Waiting != "" {
		text += ", waiting for " + p.Waiting
	}
	return text
}
