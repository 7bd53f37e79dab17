package main

import (
	"bytes"
	"context"
	"errors"

	"muster/history"
	"muster/history/publication"
)

// outline tells what bringing history into a service would do.
func (cmd *backfillStart) outline(ctx context.Context, c console, p *publication.Publication) error {
	o, err := p.Outline(ctx, cmd.Sample)
	if err != nil {
		return publicationError(ctx, err)
	}
	if cmd.Output == "json" {
		return printJSON(c.out, o)
	}
	var b bytes.Buffer
	line(&b, "Request %s is history for %s\n", o.Request, listing(o.Segments))
	switch {
	case o.Ended:
		line(&b, "run %s has ended; a start does nothing but with --again\n", o.Run)
	case o.Run != "":
		line(&b, "run %s is under way, %d of %d patches are given; a start goes on with it\n", o.Run, o.Sent, o.All)
	default:
		line(&b, "a start would open a seam in each shard and begin a run\n")
	}
	if o.Sample != nil {
		line(&b, "patches: one for each profile, %d to %d by the sample\n", o.Sample.Estimate.FewProfiles, o.Sample.Estimate.ManyProfiles)
	}
	line(&b, "\n")
	if _, err := b.WriteTo(c.out); err != nil {
		return wrap("writing output", err)
	}
	return printOutline(c.out, o.Outline, cmd.Output)
}

// planToPublish opens seams, and cuts what is to be read into tasks.
func (cmd *backfillPlan) planToPublish(c console) error {
	switch {
	case cmd.Config == "":
		return unusable(errors.New("which service is history for? Name its configuration with -c FILE, or leave --publish out"))
	case cmd.AsOf != 0:
		return unusable(errors.New("--as-of is for plans without --publish: a service is given history up to where it goes on itself"))
	}
	start := &backfillStart{backfillRequest: cmd.backfillRequest, publishFlags: cmd.publishFlags, backfillTurn: cmd.turn()}
	return start.withPublication(c, func(ctx context.Context, p *publication.Publication) error {
		hold, err := start.holdToPlan(ctx, p.Files(), p)
		if err != nil {
			return err
		}
		ended := watch(c.err, (&publicationLine{}).next, p.Progress)
		b, plan, err := p.Plan(ctx, cmd.Tasks)
		ended()
		if err := hold(err); err != nil {
			if errors.Is(err, publication.ErrEnded) {
				return unusable(err)
			}
			return publicationError(ctx, err)
		}
		return cmd.tell(c, b, plan)
	})
}

// turn is that of a start that goes on with the plan.
func (cmd *backfillPlan) turn() backfillTurn {
	return backfillTurn{Priority: defaultPriority, MaxRunning: defaultRunning}
}

// holdToPlan keeps other processes from the request until the function that it
// returns is called, with what came of it. The request is left as one that a
// start goes on with.
func (cmd *backfillStart) holdToPlan(ctx context.Context, place history.Files, p *publication.Publication) (leave func(error) error, err error) {
	asked, err := cmd.askedToPublish(p)
	if err != nil {
		return nil, err
	}
	hold, err := requestsOf(cmd.Work, place).Take(ctx, asked)
	if err != nil {
		return nil, err
	}
	return func(err error) error {
		if err != nil {
			return hold.Leave(err)
		}
		if err := hold.Leave(context.Canceled); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}, nil
}

// plannedStages are those that have tasks.
func plannedStages(p *history.Plan) []stageOfWork {
	stages := []history.Stage{history.StageIndex, history.StageFold, history.StageEvaluate, history.StageGather}
	if p.Patches != nil {
		stages = stages[:len(stages)-1]
	}
	var list []stageOfWork
	for _, stage := range stages {
		list = append(list, stageOfWork{stage.String(), p.Tasks(stage)})
	}
	return list
}
