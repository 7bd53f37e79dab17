package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"muster/history"
	"muster/history/lease"
	"muster/history/queue"
	"muster/service"
)

// backfillNamed are the flags that name a request.
type backfillNamed struct {
	ID string `arg:"" optional:"" help:"Id of the request, or how it begins. Not needed where there is only one."`
	backfillWork

	files history.Files // of the work directory, once it is open
}

// open returns the requests among which the one is that is meant.
func (n *backfillNamed) open(ctx context.Context) (requests *queue.Queue, err error) {
	if n.files, err = n.place(ctx); err != nil {
		return nil, err
	}
	return requestsOf(n.Work, n.files), nil
}

// find returns the request that is meant, also by the order that became it.
func (n *backfillNamed) find(ctx context.Context, requests *queue.Queue) (*queue.Entry, error) {
	find := requests.Find
	if strings.HasPrefix(n.ID, "order-") {
		find = func(ctx context.Context, id string) (*queue.Entry, error) { return findOrdered(ctx, requests, id) }
	}
	e, err := find(ctx, n.ID)
	if err != nil {
		return nil, unusable(err)
	}
	return e, nil
}

// findOrdered returns the request that an order became.
func findOrdered(ctx context.Context, requests *queue.Queue, id string) (*queue.Entry, error) {
	all, aliases, err := requests.Told(ctx)
	if err != nil {
		return nil, err
	}
	if e := aliases[id]; e != nil {
		return e, nil
	}
	if i := slices.IndexFunc(all, func(e *queue.Entry) bool { return e.ID == id }); i >= 0 {
		return nil, notTaken(all[i])
	}
	return requests.Find(ctx, id)
}

// notTaken says of an order that is no request what is known of it.
func notTaken(e *queue.Entry) error {
	if e.State.Phase == queue.Ordered {
		return fmt.Errorf("%s is no request yet: %s; POST /v1/backfills/%s/cancel of the API withdraws it", e.ID, e.State.Why, e.ID)
	}
	why := "its request was removed"
	if e.State.Error != "" {
		why = e.State.Error
	}
	return fmt.Errorf("%s is %s, and has no request: %s", e.ID, e.State.Phase, why)
}

// backfillStatus shows a request.
type backfillStatus struct {
	backfillNamed
	Watch  bool   `help:"Show it until it has ended."`
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}; json is a line for each look."`
}

// Help is shown by --help.
func (backfillStatus) Help() string {
	return `Shows how far a request is: each stage with its rate over the last minute and the time that
is left at this rate, what it waits for, the error that it failed with, or where the result
is. It may run on another machine; the work directory tells. With --engine temporal it also
tells who is at work on tasks, which goes on when whoever asked is gone; what is evaluated is
then counted in slices of profiles, 128 of all.

    evaluator backfill status 3f2a --work /var/tmp/backfill --watch

Exit code: 0; 2 when there is no such request. With --watch 0 when the request is done in
the end, and 1 when it failed, or was cancelled or interrupted.`
}

// Run shows.
func (cmd *backfillStatus) Run(c console) error {
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
	screen := screen{out: c.out, redraws: cmd.Watch && isTerminal(c.out)}
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		if err := cmd.show(&screen, e); err != nil || !cmd.Watch {
			return err
		}
		if !e.State.Phase.Active() {
			return outcome(e)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if e, err = requests.Find(ctx, e.ID); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// outcome is how the command ends that has watched a request to its end.
func outcome(e *queue.Entry) error {
	if e.State.Phase == queue.Done {
		return nil
	}
	return errSilent
}

func (cmd *backfillStatus) show(s *screen, e *queue.Entry) error {
	var b bytes.Buffer
	seen, err := cmd.see(e, time.Now())
	if err != nil {
		return err
	}
	if cmd.Output == "json" {
		s.redraws = false
		if err := printJSON(&b, seen); err != nil {
			return err
		}
	} else {
		writeStatus(&b, seen, cmd.Work)
	}
	return s.show(b.String())
}

// workedOn is a request, and who is at its tasks: workers of Temporal, which go on
// when whoever asked is gone.
type workedOn struct {
	*queue.Entry
	Tasks []lease.Holder `json:"tasks,omitempty"`
}

// see looks who is at the tasks of a request.
func (n *backfillNamed) see(e *queue.Entry, now time.Time) (*workedOn, error) {
	tasks, err := service.SeeBackfill(n.Work, n.files, e, now)
	if err != nil {
		return nil, err
	}
	return &workedOn{e, tasks}, nil
}

// tasksText says who is at the tasks of a request.
func tasksText(tasks []lease.Holder) string {
	var hosts []string
	for i := range tasks {
		hosts = append(hosts, tasks[i].Host)
	}
	slices.Sort(hosts)
	return fmt.Sprintf("%d at work, on %s", len(tasks), segmentsText(slices.Compact(hosts), 10))
}

// screen shows a text that changes.
type screen struct {
	out     io.Writer
	redraws bool   // in the place of the text before
	last    string // text
}

func (s *screen) show(text string) error {
	if text == s.last {
		return nil
	}
	if s.redraws && s.last != "" {
		if _, err := fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", strings.Count(s.last, "\n")); err != nil {
			return wrap("writing output", err)
		}
	}
	s.last = text
	_, err := io.WriteString(s.out, text)
	return wrap("writing output", err)
}

// writeStatus tells of a request.
func writeStatus(out io.Writer, e *workedOn, work string) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	s := &e.State
	line(table, "request\t%s\n", e.ID)
	line(table, "state\t%s\n", phaseText(s))
	line(table, "asked\t%s, priority %d\n", e.At.Format(time.RFC3339), e.Priority)
	line(table, "archive\t%s, layout %s\n", e.Archive, e.Layout)
	line(table, "as of\t%s\n", e.AsOf)
	line(table, "segments\t%s\n", segmentsText(e.Segments, 10))
	for i := range s.Stages {
		line(table, "%s\t%s\n", s.Stages[i].Name, stageText(&s.Stages[i], i < len(s.Stages)-1 || s.Phase == queue.Done))
	}
	if len(e.Tasks) > 0 {
		line(table, "tasks\t%s\n", tasksText(e.Tasks))
	}
	if s.Left > 0 {
		line(table, "left\tabout %s\n", time.Duration(s.Left*float64(time.Second)).Round(time.Second))
	}
	if s.Error != "" {
		line(table, "error\t%s\n", strings.ReplaceAll(s.Error, "\n", "\n\t"))
	}
	whenDone(table, e.Entry, work)
	_ = table.Flush()
}

// phaseText says what a request is about, by whom and since when.
func phaseText(s *queue.State) string {
	text := string(s.Phase)
	switch {
	case s.Phase == queue.Waiting:
		text += ": " + s.Why
	case s.Phase == queue.Running:
		text += " since " + s.Began.Format(time.RFC3339)
	case !s.Ended.IsZero():
		text += " at " + s.Ended.Format(time.RFC3339)
	case s.Phase == queue.Interrupted:
		text += ": its process is gone; it last wrote at " + s.Beat.Format(time.RFC3339)
	}
	if s.Phase.Active() || s.Phase == queue.Interrupted {
		text += fmt.Sprintf(", process %d on %s", s.PID, s.Host)
	}
	if s.Attempt > 1 {
		text += fmt.Sprintf(", attempt %d", s.Attempt)
	}
	return text
}

// stageText is how far a stage is.
func stageText(s *queue.Stage, over bool) string {
	took := time.Duration(s.Took * float64(time.Second)).Round(100 * time.Millisecond)
	if s.All == 0 {
		return fmt.Sprintf("%s, %s", map[bool]string{true: "done", false: "at it"}[over], took)
	}
	text := fmt.Sprintf("%s %s of %s, %s", bar(s.Done, s.All), short(s.Done, s.Unit), short(s.All, s.Unit), took)
	if s.Rate > 0 && !over {
		left := time.Duration(s.Left * float64(time.Second)).Round(time.Second)
		text += fmt.Sprintf(", %s/s, %s left", short(int64(s.Rate), s.Unit), left)
	}
	return text
}
