package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"muster/history"
	"muster/history/files"
	"muster/history/lease"
	"muster/history/queue"
)

// age is how long ago something was, on the command line: days as 30d, or hours
// as 12h.
type age time.Duration

// maxAge bounds an age.
const maxAge = 3650 * 24 * time.Hour

// UnmarshalText reads an age.
func (a *age) UnmarshalText(text []byte) error {
	wrong := fmt.Errorf("%q is not an age from 1h to 3650d; write it as 30d or 12h", text)
	unit, number := time.Hour, ""
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		unit, number = 24*time.Hour, days
	} else if hours, ok := strings.CutSuffix(string(text), "h"); ok {
		number = hours
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || n < 1 || time.Duration(n) > maxAge/unit {
		return wrong
	}
	*a = age(time.Duration(n) * unit)
	return nil
}

// backfillClean removes what is no longer used.
type backfillClean struct {
	backfillWork
	OlderThan age    `default:"30d" placeholder:"AGE" help:"Remove what no request has used for so long, 1h to 3650d."`
	Results   bool   `help:"Also remove requests that were done so long ago, with their results."`
	DryRun    bool   `help:"Only tell what would be removed."`
	Output    string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (backfillClean) Help() string {
	return `Removes from a work directory what no request has used for a while: sorted runs, and
profiles. A later request that would have used them has them made again, from the archive.
Parts of files that killed processes left are removed when nobody has written them for an
hour. What a running request uses is never removed, nor what one uses whose tasks machines
of an array job or workers of Temporal do, so it may be called at any time, on any machine
that shares the work directory, by the same user as the requests. Between two of its tasks
such a request is spared for a day.

Results stay, unless --results says so: then requests that were done that long ago are
removed as a whole. What was not done stays, as it can be gone on with.

    # what would a cleaning bring?
    evaluator backfill clean --work /var/tmp/backfill --dry-run

    # each night
    evaluator backfill clean --work /var/tmp/backfill --older-than 14d

In a bucket, where it is noted once a day what is used, things stay for a day longer; one
cleaning takes place at a time; and requests that find what was not used for a while wait until
it is over.

Exit code: 0, also when there is nothing to remove; 1 when something can't be removed, or
somebody else cleans the bucket; 2 when the bucket does not exist, or may not be listed.`
}

// clockSkew is how far the clocks of machines that share a work directory may
// be apart, and idleParts how long a part that is being written may get nothing.
const (
	clockSkew = time.Hour
	idleParts = time.Hour
)

// cleanReport is what was removed, or would be.
type cleanReport struct {
	*history.Cleaned
	Requests []queue.Removed `json:"requests"`
	DryRun   bool            `json:"dry_run"`
}

// Run cleans.
func (cmd *backfillClean) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	place, err := cmd.place(ctx)
	if err != nil {
		return err
	}
	requests := requestsOf(cmd.Work, place)
	list, err := requests.List(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	works, err := lease.All(place, now)
	if err != nil {
		return err
	}
	before := now.Add(-time.Duration(cmd.OlderThan))
	report := &cleanReport{DryRun: cmd.DryRun, Requests: []queue.Removed{}}
	report.Cleaned, err = clean(ctx, cmd.Work, place, cleaning(list, works, now, before, cmd.DryRun))
	if err == nil && cmd.Results {
		var removed []queue.Removed
		removed, err = requests.Remove(ctx, before, cmd.DryRun)
		report.Requests = append(report.Requests, removed...)
	}
	if !cmd.DryRun {
		err = errors.Join(err, lease.Sweep(place, now))
	}
	if cmd.Output == "json" {
		return errors.Join(err, printJSON(c.out, report))
	}
	return errors.Join(err, printCleaned(c.out, report))
}

// clean removes from a work directory what may be removed.
func clean(ctx context.Context, work string, place history.Files, c history.Cleaning) (*history.Cleaned, error) {
	if bucket, ok := place.(*files.Bucket); ok {
		return history.CleanBucket(ctx, bucket, c)
	}
	return history.Clean(ctx, work, c)
}

// cleaning says what may be removed, that no request uses which runs, or is worked
// on task by task: it has used nothing before it began, and writes no part that is
// older.
func cleaning(list []*queue.Entry, works []*lease.Work, now, before time.Time, dryRun bool) history.Cleaning {
	c := history.Cleaning{Unused: before, Idle: now.Add(-idleParts), DryRun: dryRun}
	spare := func(began time.Time) {
		began = began.Add(-clockSkew)
		if began.Before(c.Unused) {
			c.Unused = began
		}
		if began.Before(c.Idle) {
			c.Idle = began
		}
	}
	for _, e := range list {
		if e.State.Phase == queue.Running {
			spare(e.State.Began)
		}
	}
	for _, w := range works {
		if since := w.Since(now); !since.IsZero() {
			spare(since)
		}
	}
	return c
}

func printCleaned(out io.Writer, r *cleanReport) error {
	var b bytes.Buffer
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line(table, "%s\tfiles\tbytes\n", map[bool]string{true: "would be removed", false: "removed"}[r.DryRun])
	total := history.Freed{}
	add := func(what string, f history.Freed) {
		line(table, "%s\t%d\t%s\n", what, f.Files, short(f.Bytes, "B"))
		total.Files, total.Bytes = total.Files+f.Files, total.Bytes+f.Bytes
	}
	add("parts of killed writes", r.Parts)
	add("sorted runs", r.Runs)
	add("slices of profiles", r.Slices)
	add("bases", r.Bases)
	add("patches", r.Patches)
	add("projections", r.Projections)
	for _, one := range r.Requests {
		add("request "+one.ID, history.Freed{Bytes: one.Bytes})
	}
	add("all", total)
	_ = table.Flush()
	_, err := b.WriteTo(out)
	return wrap("writing output", err)
}
