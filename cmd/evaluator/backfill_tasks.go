package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/signal"
	"runtime"
	"syscall"
	"text/tabwriter"
	"time"

	"muster/history"
	"muster/history/archive"
	"muster/service"
)

// backfillPlan cuts a request into tasks for other machines.
type backfillPlan struct {
	backfillRequest
	publishFlags `group:"With --publish"`
	Publish      bool          `help:"Plan history for the running service of -c: open the seams, wait for --settle, and cut what is to be read. A start with the same flags goes on with what the tasks have made."`
	Tasks        int           `default:"16" placeholder:"N" help:"Tasks of each stage, at most: 1 to 10000."`
	TaskTime     time.Duration `placeholder:"DURATION" help:"In place of --tasks: as many that one takes about this long, 1s to 24h, by a sample of --sample objects that is read on this machine."`
	Sample       int           `default:"8" placeholder:"N" help:"Objects that --task-time reads as a sample, 1 to 100; they are not read again."`
	Manifest     string        `placeholder:"FILE" help:"Also write a file that leads to the plan, for tasks to be given a name known beforehand."`
	Output       string        `enum:"text,json" default:"text" help:"How to print what there is to do: ${enum}."`
}

// Help is shown by --help.
func (backfillPlan) Help() string {
	return `Lists the archive, which nothing else does, and writes a plan into the work directory: what
is asked for, and the tasks that it is cut into. Tasks can then be done by any machines that
have the work directory, as a folder of the network or as s3://bucket/prefix:

    index      objects of about equal bytes become runs
    fold       runs are folded, where there are more than are merged at one time
    evaluate   the profiles of some virtual shards are replayed; of these are at most 1,024 tasks
    gather     members, dead letters and the summary are written; this is one task

All tasks of a stage come before the next. Within a stage they need no order, and may run
at the same time, be killed, or be done twice. What comes out does not depend on any of it.

With --task-time some objects are read as a sample, which says how many tasks there must be for
one to take about that long by machines like this one. More than 128 have smaller slices.

Another plan of the same request lists the archive again only if that one was finished, or
with --relist.

Example:

    evaluator backfill plan -f segments/ --archive s3://acme/events --layout segment \
      --work /shared/work --as-of 2026-11-21T00:00:00Z --tasks 40 --manifest /shared/year.json
    # on 40 machines, each with another index from 0 to 39
    evaluator backfill task --manifest /shared/year.json --stage index --index 7
    evaluator backfill task --manifest /shared/year.json --stage fold --index 7
    evaluator backfill task --manifest /shared/year.json --stage evaluate --index 7
    # on one
    evaluator backfill gather --manifest /shared/year.json

See docs/backfill.md, and configs/deploy for Kubernetes and AWS Batch.`
}

// plannedWork is what a plan leaves to do, as it is printed.
type plannedWork struct {
	Manifest string        `json:"manifest"`
	Request  string        `json:"request"`
	Objects  int           `json:"objects"`
	Bytes    int64         `json:"bytes"`
	Stages   []stageOfWork `json:"stages"`
}

type stageOfWork struct {
	Stage string `json:"stage"`
	Tasks int    `json:"tasks"`
}

// Run plans.
func (cmd *backfillPlan) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if cmd.Tasks < 1 {
		return unusable(fmt.Errorf("--tasks is %d; it must be between 1 and 10000", cmd.Tasks))
	}
	if err := cmd.sized(); err != nil {
		return unusable(err)
	}
	if cmd.Publish {
		return cmd.planToPublish(c)
	}
	b, err := cmd.open(ctx)
	if err != nil {
		return err
	}
	var p *history.Plan
	err = b.Leased(history.Task{Stage: history.StagePlan}, func() (err error) {
		p, err = cmd.cut(ctx, c, b)
		return err
	})
	if err != nil {
		return backfillError(err)
	}
	return cmd.tell(c, b, p)
}

// sized returns what is wrong with how tasks are to be sized.
func (cmd *backfillPlan) sized() error {
	switch {
	case cmd.TaskTime == 0:
		return nil
	case cmd.Publish:
		return errors.New("--task-time does not go with --publish: say --tasks, by what start --plan tells of the time")
	case cmd.TaskTime < time.Second || cmd.TaskTime > 24*time.Hour:
		return fmt.Errorf("--task-time is %s; it must be between 1s and 24h", cmd.TaskTime)
	case cmd.Sample < 1 || cmd.Sample > history.MaxSample:
		return fmt.Errorf("--sample is %d; it must be between 1 and %d", cmd.Sample, history.MaxSample)
	}
	return nil
}

// cut cuts the request into tasks, as many as a sample says or as it was told.
func (cmd *backfillPlan) cut(ctx context.Context, c console, b *history.Backfill) (*history.Plan, error) {
	tasks := cmd.Tasks
	if cmd.TaskTime > 0 {
		n, sample, err := b.Size(ctx, cmd.TaskTime, cmd.Sample)
		if err != nil {
			return nil, err
		}
		tasks = n
		_, _ = fmt.Fprintf(c.err, "by a sample of %d objects, %d tasks take about %s each; the profile with the most events has %.1f %% of them, which are one worker's\n",
			sample.Objects, tasks, cmd.TaskTime, 100*sample.Estimate.HeaviestShare)
	}
	return b.Plan(ctx, tasks)
}

// tell says what is to be done.
func (cmd *backfillPlan) tell(c console, b *history.Backfill, p *history.Plan) error {
	work := plannedWork{Manifest: b.PlanFile(), Request: p.Request, Objects: p.Archive.Chosen.Objects, Bytes: p.Archive.Chosen.Bytes}
	if cmd.Manifest != "" {
		work.Manifest = cmd.Manifest
		if err := b.Point(cmd.Manifest); err != nil {
			return err
		}
	}
	work.Stages = plannedStages(p)
	if cmd.Output == "json" {
		return printJSON(c.out, work)
	}
	return work.print(c)
}

func (w *plannedWork) print(c console) error {
	var b bytes.Buffer
	line(&b, "%d objects, %s; the plan is %s\n\n", w.Objects, short(w.Bytes, "B"), w.Manifest)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line(table, "stage\ttasks\n")
	for _, s := range w.Stages {
		line(table, "%s\t%d\n", s.Stage, s.Tasks)
	}
	_ = table.Flush()
	_, err := b.WriteTo(c.out)
	return wrap("writing output", err)
}

// planFlags are those of whoever takes over a plan.
type planFlags struct {
	Config   string `short:"c" placeholder:"FILE" help:"Configuration whose section archive says how to reach the bucket of a plan that is in S3: endpoint, region and path_style. Default: AWS."`
	Manifest string `required:"" placeholder:"FILE" help:"The plan, or what leads to it: what backfill plan printed as its manifest. It may be s3://bucket/key."`
	Workers  int    `placeholder:"N" help:"Objects or profiles to work on at a time. Default: the number of processors."`
}

// open takes the plan over.
func (f *planFlags) open(ctx context.Context) (*history.Backfill, error) {
	workers := f.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	reach := history.Reach{Archive: archive.Default(), Sharding: service.Sharding}
	if f.Config != "" {
		cfg, err := readConfig(f.Config)
		if err != nil {
			return nil, err
		}
		reach.Archive = cfg.Archive
	}
	b, err := history.ResumeBy(ctx, f.Manifest, workers, reach)
	if errors.Is(err, history.ErrOther) {
		return nil, unusable(err)
	}
	return b, bucketError(err)
}

// backfillTask does one task of a plan.
type backfillTask struct {
	planFlags
	Stage string `required:"" enum:"index,fold,evaluate" help:"Stage of the task: ${enum}."`
	Index int    `required:"" env:"JOB_COMPLETION_INDEX,AWS_BATCH_JOB_ARRAY_INDEX" placeholder:"I" help:"Which task of the stage, from 0."`
}

// Help is shown by --help.
func (backfillTask) Help() string {
	return `Does one task of what evaluator backfill plan has cut into tasks, and needs nothing but the
plan, the work directory around it, and whatever credentials the archive asks for: AWS's own
variables, profile or role.

In an Indexed Job of Kubernetes, and in an array job of AWS Batch, --index is found in the
environment. An index beyond the tasks of the plan has nothing to do and succeeds, so an
array may be larger than the plan turned out.

Doing a task again does nothing, and a task that was killed goes on where it was. Each two
processes that are killed in the middle of a task, as for want of memory, halve the workers
of the next, whose memory it is. All
tasks of index come before those of fold, and these before those of evaluate. Where the plan
has no fold tasks, that stage can be left out.

Example:

    evaluator backfill task --manifest /shared/year.json --stage index --index 7

Exit code: 0 when it is done, 1 when something fails, which may be tried again, 2 when the
plan can't be used by this machine, as it is of another version of evaluator.`
}

// Run does the task.
func (cmd *backfillTask) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	b, err := cmd.open(ctx)
	if err != nil {
		return err
	}
	stages := map[string]history.Stage{"index": history.StageIndex, "fold": history.StageFold, "evaluate": history.StageEvaluate}
	t := history.Task{Stage: stages[cmd.Stage], Index: cmd.Index}
	p, err := b.Planned()
	if err != nil {
		return err
	}
	if n := p.Tasks(t.Stage); t.Index >= n {
		_, err := fmt.Fprintf(c.out, "nothing to do: the plan has %d tasks of %s\n", n, t.Stage)
		return wrap("writing output", err)
	}
	died := func(deaths, workers int) {
		_, _ = fmt.Fprintf(c.err, "processes that have died of this task: %d; workers: %d\n", deaths, workers)
	}
	ended := showProgress(c.err, b.Progress)
	defer ended()
	return b.Attempt(t, died, func() error { return b.Do(ctx, t) })
}

// backfillGather ends what tasks have done.
type backfillGather struct {
	planFlags
	Output string `enum:"text,json" default:"text" help:"How to print the report: ${enum}."`
}

// Help is shown by --help.
func (backfillGather) Help() string {
	return `Writes the members of each segment, the dead letters and the summary, as evaluator backfill
start does, of what the tasks of a plan have made. All of them must be done.

Example:

    evaluator backfill gather --manifest /shared/year.json --output json`
}

// Run gathers.
func (cmd *backfillGather) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	b, err := cmd.open(ctx)
	if err != nil {
		return err
	}
	var report *history.Report
	err = b.Leased(history.Task{Stage: history.StageGather}, func() (err error) {
		report, err = b.Gather(ctx)
		return err
	})
	if errors.Is(err, history.ErrPatches) {
		return unusable(err)
	}
	if err != nil {
		return backfillError(err)
	}
	return printReport(c.out, report, cmd.Output)
}
