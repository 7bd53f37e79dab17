package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"

	"muster/history"
	"muster/history/archive"
	"muster/history/files"
	"muster/history/temporal"
)

// temporalServer are the flags that say where Temporal is.
type temporalServer struct {
	TemporalAddress   string `placeholder:"HOST:PORT" help:"Temporal's server. Default: TEMPORAL_ADDRESS, else localhost:7233."`
	TemporalNamespace string `placeholder:"NAME" help:"Namespace there. Default: TEMPORAL_NAMESPACE, else default."`
	TemporalQueue     string `placeholder:"NAME" default:"muster-backfill" help:"Task queue that workers work for: ${default}."`
}

// dial connects, with what the SDK tells on stderr.
func (f *temporalServer) dial(ctx context.Context, out io.Writer) (client.Client, error) {
	logger := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return temporal.Server{Address: f.TemporalAddress, Namespace: f.TemporalNamespace}.Dial(ctx, logger)
}

// backfillEngine are the flags that say who does a request.
type backfillEngine struct {
	Engine string `enum:"pool,temporal" default:"pool" help:"Who does the work: ${enum}; pool is this process."`
	temporalServer
	Tasks            int           `default:"16" placeholder:"N" help:"With --engine temporal, tasks of each stage, at most: 1 to 10000."`
	TemporalAttempt  time.Duration `default:"6h" placeholder:"TIME" help:"How long one attempt of a task may take, 1m to 72h."`
	TemporalBeat     time.Duration `name:"temporal-heartbeat" default:"30s" placeholder:"TIME" help:"How long a worker may be silent, 1s to 10m."`
	TemporalAttempts int           `default:"20" placeholder:"N" help:"Attempts of a task that fails, 1 to 1000."`
	TemporalBatch    int           `default:"500" placeholder:"N" help:"Tasks of a child workflow, 1 to 1000."`
}

// pool reports whether this process does the work.
func (f *backfillEngine) pool() bool { return f.Engine == "pool" || f.Engine == "" }

// progress returns what tells how far a backfill is, and what has that be looked
// up anew. What workers do is found in the work directory.
func (f *backfillEngine) progress(b *history.Backfill) (progress func() history.Progress, renew func(), err error) {
	if f.pool() {
		return b.Progress, func() {}, nil
	}
	survey, err := b.Survey()
	if err != nil {
		return nil, nil, fmt.Errorf("looking how far the request is: %w", err)
	}
	s := &surveyed{survey: survey}
	return s.progress, s.renew, nil
}

// surveyEvery is how old what was found in the work directory may get: a look at
// a folder of the network takes milliseconds for each worker, and at a bucket some
// calls.
const surveyEvery = 2 * time.Second

// surveyed is a survey that several ask at a time.
type surveyed struct {
	mutex  sync.Mutex
	survey *history.Survey
	at     time.Time
	found  history.Progress
}

// progress returns how far it is. Where that can't be found out it is what was
// found before: the next look may tell.
func (s *surveyed) progress() history.Progress {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if now := time.Now(); now.Sub(s.at) >= surveyEvery {
		s.at = now
		if found, err := s.survey.Look(now); err == nil {
			s.found = found
		}
	}
	return s.found
}

// renew has the next who asks look.
func (s *surveyed) renew() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.at = time.Time{}
}

// run has a backfill done, of which progress tells how far it is.
func (f *backfillEngine) run(ctx context.Context, c console, b *history.Backfill, progress func() history.Progress) (*history.Report, error) {
	ended := showProgress(c.err, progress)
	defer ended()
	if f.pool() {
		return b.Run(ctx)
	}
	return f.order(ctx, c, b)
}

// order has a backfill done by workers, and waits for that.
func (f *backfillEngine) order(ctx context.Context, c console, b *history.Backfill) (*history.Report, error) {
	in := temporal.Input{Request: b.ID(), Tasks: f.Tasks, Limits: temporal.Limits{
		Attempt: f.TemporalAttempt, Heartbeat: f.TemporalBeat, Attempts: f.TemporalAttempts, Batch: f.TemporalBatch,
	}}
	if err := in.Validate(); err != nil {
		return nil, unusable(err)
	}
	server, err := f.dial(ctx, c.err)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	if _, err := b.Ask(); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(c.err, "workflow %s is done by workers of %s\n", temporal.WorkflowID(b.ID()), f.TemporalQueue)
	if err := temporal.Start(ctx, server, f.TemporalQueue, in); err != nil {
		if ctx.Err() != nil {
			return nil, errors.New("the workflow goes on without this command; start it again to wait for it")
		}
		return nil, err
	}
	return b.Report()
}

// backfillWorker does tasks.
type backfillWorker struct {
	temporalServer
	Config  string `short:"c" placeholder:"FILE" help:"Configuration whose section archive says how to reach a work directory in S3: endpoint, region and path_style. Default: AWS."`
	Work    string `required:"" placeholder:"DIR" help:"Work directory, which all workers share with those that start requests: a folder or s3://bucket/prefix."`
	Workers int    `placeholder:"N" help:"Objects or profiles to work on at a time, in each task. Default: the number of processors."`
	AtOnce  int    `default:"1" placeholder:"N" help:"Tasks to do at a time, 1 to 64."`
}

// Help is shown by --help.
func (backfillWorker) Help() string {
	return `Does tasks of requests that were started with --engine temporal, until it is stopped. Start
one on each machine. All share the work directory, under whatever name; one that is an
archive's folder must have the same name on all.

A worker may be killed. Its task is done again by another, from where it was: after half a
minute of silence, or at once if it was stopped. A task that two workers died of is done
as two halves, each with half as many --workers, and these in halves again: so it fits into
less memory. What fails otherwise is tried again with pauses from a second up to a minute,
unless it would fail forever, as an object that can't be read.

Where Temporal is and how to sign in is read as Temporal's own tools do, for what flags
don't say: from TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS and
so on, or from a profile of its configuration file.

Example:

    evaluator backfill worker --temporal-address temporal:7233 --work /shared/work

Exit code: 0 when it was stopped, 1 when Temporal can't be reached, 2 when the work
directory can't be used.`
}

// Run works.
func (cmd *backfillWorker) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if cmd.AtOnce < 1 || cmd.AtOnce > 64 || cmd.Workers < 0 || cmd.Workers > 1024 {
		return unusable(errors.New("--at-once must be between 1 and 64, and --workers between 1 and 1024"))
	}
	a := &temporal.Activities{Workers: cmd.Workers}
	if a.Workers == 0 {
		a.Workers = runtime.GOMAXPROCS(0)
	}
	if err := cmd.find(ctx, a); err != nil {
		return err
	}
	server, err := cmd.dial(ctx, c.err)
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := fmt.Fprintf(c.out, "working for queue %s\n", cmd.TemporalQueue); err != nil {
		return wrap("writing output", err)
	}
	return temporal.Work(ctx, server, cmd.TemporalQueue, a, cmd.AtOnce)
}

// find makes sure that the work directory is there, and says where.
func (cmd *backfillWorker) find(ctx context.Context, a *temporal.Activities) (err error) {
	if !files.IsBucket(cmd.Work) {
		if a.Dir, err = filepath.Abs(cmd.Work); err != nil {
			return err
		}
		if _, err := os.Stat(a.Dir); err != nil {
			return unusable(fmt.Errorf("looking for the work directory: %w", err))
		}
		return nil
	}
	a.Dir, a.Reach = cmd.Work, archive.Default()
	if cmd.Config != "" {
		cfg, err := readConfig(cmd.Config)
		if err != nil {
			return err
		}
		a.Reach = cfg.Archive
	}
	if _, err := files.OpenBucket(ctx, a.Dir, a.Reach); err != nil {
		return bucketError(err)
	}
	return nil
}
