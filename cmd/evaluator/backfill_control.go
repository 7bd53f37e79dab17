package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"muster/history/queue"
)

// cancelPatience is how long cancel waits for the process that has a request.
// It looks several times in a second, and ends what it is at first: a row of
// a stretch or a part of an object.
const cancelPatience = 30 * time.Second

// backfillCancel stops a request.
type backfillCancel struct{ backfillNamed }

// Help is shown by --help.
func (backfillCancel) Help() string {
	return `Asks the process that has a request to stop, by a file in the work directory, so that it also
works from another machine that shares it. Waits until it has stopped, for 30 seconds.

What was made stays: sorted runs, and profiles. resume goes on where it was, and other
requests use it.

    evaluator backfill cancel 3f2a --work /var/tmp/backfill

Exit code: 0 when it has stopped, 1 when it has not yet, or there is nothing to stop, 2 when
there is no such request.`
}

// Run cancels.
func (cmd *backfillCancel) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	requests, err := cmd.open(ctx)
	if err != nil {
		return err
	}
	e, err := cmd.find(ctx, requests)
	if err != nil {
		return err
	}
	if e, err = requests.Cancel(ctx, e.ID); err != nil {
		return err
	}
	was := e.State
	patience, enough := context.WithTimeout(ctx, cancelPatience)
	defer enough()
	e, err = requests.Await(patience, e.ID)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("request %s was asked to stop, and process %d on %s has not done so yet; evaluator backfill status %s --watch shows when it does",
			e.ID, was.PID, was.Host, e.ID)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "request %s is %s; what was made stays. This goes on with it: evaluator backfill resume %s --work %s\n", e.ID, e.State.Phase, e.ID, cmd.Work)
	return wrap("writing output", err)
}

// backfillResume goes on with a request.
type backfillResume struct {
	backfillNamed
	Priority   *int   `placeholder:"N" help:"Another priority, 0 to 100. Default: the one that was asked for."`
	MaxRunning *int   `placeholder:"N" help:"Wait while so many requests of this work directory run, 1 to 100. Default: what start was told."`
	Metrics    string `placeholder:"ADDRESS" help:"Serve metrics here, as 127.0.0.1:9090. Default: what start was told."`
	Output     string `enum:"text,json" default:"text" help:"How to print the report: ${enum}."`
}

// Help is shown by --help.
func (backfillResume) Help() string {
	return `Goes on with a request, by what the work directory says was asked for: only objects and
profiles are done that were not. It may be called in another folder, and on another machine
that has the same segment files and the same work directory at the same paths.

The segments, the configuration and the archive must be those that were asked for. When they
have changed it would be another request; this is refused, and start asks for that one.

    evaluator backfill resume 3f2a --work /var/tmp/backfill

Exit code: that of evaluator backfill start.`
}

// Run goes on.
func (cmd *backfillResume) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	requests, err := cmd.open(ctx)
	if err != nil {
		return err
	}
	e, err := cmd.find(ctx, requests)
	if err != nil {
		return err
	}
	if e.State.Phase.Active() {
		return &queue.HeldError{Entry: e}
	}
	if e.State.Phase == queue.Done {
		return unusable(fmt.Errorf("request %s is done, and its result is in %s; to have it done again, with what the archive has by now, use evaluator backfill start", e.ID, e.Folder))
	}
	start, err := cmd.restore(e)
	if err != nil {
		return err
	}
	if !start.DryRun {
		return start.publish(c, e)
	}
	b, err := start.open(ctx)
	if err != nil {
		return fmt.Errorf("going on with request %s: %w", e.ID, err)
	}
	asked, err := start.asked(b.Request())
	if err != nil {
		return err
	}
	if asked.ID != e.ID {
		return unusable(changed(e, &asked, start))
	}
	return start.perform(ctx, c, b, asked)
}

// restore returns the command that asked for a request.
func (cmd *backfillResume) restore(e *queue.Entry) (*backfillStart, error) {
	start := &backfillStart{}
	if err := json.Unmarshal(e.Flags, start); err != nil {
		return nil, fmt.Errorf("reading what was asked for in %s/request.json: %w; ask for it again with evaluator backfill start", e.Folder, err)
	}
	start.Work, start.Output = cmd.Work, cmd.Output
	if cmd.Config != "" {
		start.Config = cmd.Config
	}
	if cmd.Priority != nil {
		start.Priority = *cmd.Priority
	}
	if cmd.Metrics != "" {
		start.Metrics = cmd.Metrics
	}
	if cmd.MaxRunning != nil {
		start.MaxRunning = *cmd.MaxRunning
	}
	return start, nil
}

// changed says why a request can't be gone on with.
func changed(e *queue.Entry, now *queue.Asked, start *backfillStart) error {
	what := "the configuration or the archive's settings"
	if e.Rules != now.Rules {
		what = "the segments of " + start.Segments
	}
	return fmt.Errorf("request %s can't be gone on with: %s have changed since %s, so it would be another one, %s; "+
		"put them back, or ask for that one with evaluator backfill start", e.ID, what, e.At.Format(time.RFC3339), now.ID)
}
