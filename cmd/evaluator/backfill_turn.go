package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"muster/config"
	"muster/history"
	"muster/history/account"
	"muster/history/files"
	"muster/history/projection"
	"muster/history/queue"
	"muster/service"
)

// The defaults of backfillTurn.
const (
	defaultPriority = 50
	defaultRunning  = 2
)

// backfillTurn are the flags that say when a request is done.
type backfillTurn struct {
	Priority   int `default:"50" placeholder:"N" help:"Requests that wait are done in order of their priorities, 0 to 100, the highest first; of equal ones the one asked for first."`
	MaxRunning int `default:"2" placeholder:"N" help:"Wait while so many requests of this work directory run, 1 to 100."`
	backfillWatch
}

// validate returns what is out of range.
func (t *backfillTurn) validate() error {
	var problems []error
	if t.Priority < 0 || t.Priority > queue.MaxPriority {
		problems = append(problems, fmt.Errorf("--priority is %d; it must be between 0 and %d", t.Priority, queue.MaxPriority))
	}
	if t.MaxRunning < 1 || t.MaxRunning > 100 {
		problems = append(problems, fmt.Errorf("--max-running is %d; it must be between 1 and 100", t.MaxRunning))
	}
	if t.Deadline < 0 || t.Deadline > maxDeadline {
		problems = append(problems, fmt.Errorf("--deadline is %s; it must be between 0, for none, and %s", t.Deadline, maxDeadline))
	}
	if err := errors.Join(problems...); err != nil {
		return unusable(err)
	}
	return nil
}

// asked describes the request for its work directory, so that it can be begun
// again from anywhere.
func (cmd *backfillStart) asked(r *history.Request) (queue.Asked, error) {
	if err := cmd.validate(); err != nil {
		return queue.Asked{}, err
	}
	again := *cmd
	if err := again.absolute(); err != nil {
		return queue.Asked{}, err
	}
	flags, err := json.Marshal(&again)
	if err != nil {
		return queue.Asked{}, err
	}
	a := queue.Asked{
		ID: r.ID(), At: time.Now().UTC(), Priority: cmd.Priority, Archive: r.Bucket.String() + "/" + r.Prefix, Layout: r.Layout.String(),
		AsOf: cmd.AsOf.String(), Rules: fmt.Sprint(r.Set.Fingerprint()), Reading: r.Reading(), Keeps: r.Keeps(), Flags: flags,
	}
	for i := range r.Set.Len() {
		a.Segments = append(a.Segments, r.Set.Segment(i).ID)
	}
	return a, nil
}

// absolute makes paths mean the same in another folder.
func (r *backfillRequest) absolute() error {
	here, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the folder that this runs in: %w", err)
	}
	for _, path := range []*string{&r.Config, &r.Segments, &r.Work} {
		if *path != "" && !filepath.IsAbs(*path) && !files.IsBucket(*path) {
			*path = filepath.Join(here, *path)
		}
	}
	if r.Archive != "" {
		cfg := config.Default().Archive
		cfg.Location = r.Archive
		cfg.Resolve(here)
		r.Archive = cfg.Location
	}
	return nil
}

// perform does a request when its turn comes, and prints what came of it.
func (cmd *backfillStart) perform(ctx context.Context, c console, b *history.Backfill, asked queue.Asked) error {
	var report *history.Report
	progress, renew, err := cmd.progress(b)
	if err != nil {
		return err
	}
	err = cmd.conduct(ctx, c, asked, conducted{
		work: cmd.Work, files: b.Files(),
		look: func() queue.Figures { return queue.Figures{Stages: service.StagesOf(progress()), Account: b.Account()} },
		do: func(ctx context.Context, along []projection.Projection, earlier account.Account, deaths int) (err error) {
			b.ReadAlong(along...)
			b.Earlier(earlier)
			b.Died(deaths)
			report, err = cmd.run(ctx, c, b, progress)
			renew() // the end is shown
			return backfillError(err)
		},
	})
	if err != nil {
		return err
	}
	return printReport(c.out, report, cmd.Output)
}

// conducted is what a turn is for.
type conducted struct {
	work  string               // its directory
	files history.Files        // of it
	look  func() queue.Figures // how far it is
	// do does it, for others that read the same too, and after what earlier
	// attempts have cost, of which the last few have died.
	do func(ctx context.Context, along []projection.Projection, earlier account.Account, deaths int) error
}

// conduct takes a request, waits for its turn, and has it done, so that all may
// see how far it is.
func (t *backfillTurn) conduct(ctx context.Context, c console, asked queue.Asked, what conducted) error {
	hold, err := requestsOf(what.work, what.files).Take(ctx, asked)
	if err != nil {
		return err
	}
	unserve, err := t.serve(ctx, c, hold)
	if err != nil {
		return hold.Leave(err)
	}
	defer unserve()
	along, err := hold.Await(ctx, t.MaxRunning, func(why string) { _, _ = fmt.Fprintf(c.err, "request %s waits: %s\n", asked.ID, why) })
	if err == nil {
		err = hold.Run(ctx, what.look, func(ctx context.Context) error {
			earlier, err := hold.Earlier()
			if err != nil {
				return err
			}
			return what.do(ctx, along, earlier, hold.State().Deaths)
		})
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("stopped; this goes on with it: evaluator backfill resume %s --work %s: %w", asked.ID, what.work, err)
	}
	return err
}

// whenDone writes a line of advice behind a request.
func whenDone(out io.Writer, e *queue.Entry, work string) {
	switch e.State.Phase {
	case queue.Interrupted, queue.Cancelled, queue.Failed:
		line(out, "go on\tevaluator backfill resume %s --work %s\n", e.ID, work)
	case queue.Done:
		line(out, "result\t%s\n", e.Folder)
	}
}
