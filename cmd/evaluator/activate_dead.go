package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/activation"
	"muster/lookup"
	"muster/service"
)

type activateDead struct {
	named
	Profile string `placeholder:"ID" help:"Only messages with changes of this profile."`
	Resend  bool   `help:"Send the messages again in place of listing them."`
	Output  string `enum:"text,json" default:"text" help:"How to print: ${enum}. JSON is a line for each message."`
}

// Help is shown by --help.
func (activateDead) Help() string {
	return `Lists the changes that a destination was not sent in the end, and why: it refused them, or
ten attempts failed. Each shard keeps the newest 10,000 such messages.

    evaluator activate dead crm -c muster.yaml
    evaluator activate dead crm --resend --profile u42 -c muster.yaml

With --resend the messages are sent again by the evaluators, under the webhook-ids that
they had and with all attempts before them, and are not listed any more unless they are
given up once more. Newer changes of the same profile may have been sent since: a
destination that goes by the highest version of a profile and segment is right in the end.

Exit code: 0 when listed, or when they wait to be sent again; 1 when Redis can't be
reached, 2 when the configuration, or what Redis holds, can't be used.`
}

// Run lists, or has the messages sent again.
func (cmd *activateDead) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		if cmd.Resend {
			return cmd.resend(ctx, c, r, d)
		}
		_, err := r.lookup.DeadLetters(ctx, d.Name, cmd.Profile, "", 0, func(dead *lookup.DeadLetter) error { return cmd.print(c, dead) })
		return service.Classify(err)
	})
}

func (cmd *activateDead) resend(ctx context.Context, c console, r *reader, d *activation.Destination) error {
	total, failed := r.ordering().Resend(ctx, d, cmd.Profile)
	if failed != nil && total == 0 {
		return service.Classify(failed)
	}
	_, err := fmt.Fprintf(c.out, "%d messages wait to be sent to %s again, within ten seconds where evaluators run\n", total, d.Name)
	return service.Classify(errors.Join(failed, wrap("writing output", err)))
}

func (cmd *activateDead) print(c console, line *lookup.DeadLetter) error {
	if cmd.Output == "json" {
		return printJSON(c.out, line)
	}
	for _, change := range line.Changes {
		way := "left"
		switch {
		case change.Entered:
			way = "entered"
		case change.Segment == "":
			way = "begin or end of " + change.Run
		}
		_, err := fmt.Fprintf(c.out, "%s  %q %s %s (version %d): %s\n",
			change.At.Format(time.RFC3339), change.Profile, way, change.Segment, change.Version, line.Reason)
		if err != nil {
			return wrap("writing output", err)
		}
	}
	return nil
}
