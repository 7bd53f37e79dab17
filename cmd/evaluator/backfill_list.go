package main

import (
	"bytes"
	"context"
	"fmt"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"muster/history/queue"
)

// backfillList lists the requests of a work directory.
type backfillList struct {
	backfillWork
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}; json is a line for each request."`
}

// Help is shown by --help.
func (backfillList) Help() string {
	return `Lists what was asked for in a work directory: first what runs, then what waits, in its
order, then what was asked for over the API and evaluator backfill keep has not taken yet, then
what has ended, the newest first. The work directory may be a shared folder or in a bucket, and
the requests run on other machines.

What keep has not taken yet is asked, and has an id that begins with "order-". A request is
waiting, running, done, failed, cancelled, or interrupted: then its process was stopped or
killed, and evaluator backfill resume goes on with it.

    evaluator backfill list --work /var/tmp/backfill

Exit code: 0, also when there is none; 1 when the work directory can't be read, 2 when it is a
bucket that does not exist, or may not be listed.`
}

// Run lists.
func (cmd *backfillList) Run(c console) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	place, err := cmd.place(ctx)
	if err != nil {
		return err
	}
	list, _, err := queue.In(cmd.Work, place).Told(ctx)
	if err != nil {
		return err
	}
	if cmd.Output == "json" {
		for _, e := range list {
			if err := printJSON(c.out, e); err != nil {
				return err
			}
		}
		return nil
	}
	var b bytes.Buffer
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line(table, "id\tstate\tstage\tprogress\tas of\tsegments\tasked\n")
	for _, e := range list {
		stage := e.State.Stage()
		line(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.State.Phase, stage.Name, shareText(&stage), e.AsOf, segmentsText(e.Segments, 2), e.At.Format(time.RFC3339))
	}
	_ = table.Flush()
	_, err = b.WriteTo(c.out)
	return wrap("writing output", err)
}

// shareText is how much of a stage is done, "" where it has no measure.
func shareText(s *queue.Stage) string {
	if s.All == 0 {
		return ""
	}
	return fmt.Sprintf("%d%%", s.Done*100/s.All)
}

// segmentsText names the first few segments, and says how many more there are.
func segmentsText(ids []string, few int) string {
	text := ""
	for i, id := range ids[:min(few, len(ids))] {
		if i > 0 {
			text += ", "
		}
		text += id
	}
	if more := len(ids) - few; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
