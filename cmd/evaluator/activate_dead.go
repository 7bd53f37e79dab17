package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/activation"
	"muster/service"
	"muster/sink"
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

// deadLine is how a message that was given up is printed.
type deadLine struct {
	Message  string           `json:"webhook_id"`
	Attempts int              `json:"attempts"`
	Reason   string           `json:"reason"`
	Changes  []deadChangeLine `json:"changes"`
}

type deadChangeLine struct {
	Profile string    `json:"profile"`
	Segment string    `json:"segment"`
	Entered bool      `json:"entered"`
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
	Run     string    `json:"run,omitempty"` // the snapshot run that it is of
}

// Run lists, or has the messages sent again.
func (cmd *activateDead) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		if cmd.Resend && d.Kafka != nil && d.Kafka.MembersTopic != "" {
			return unusable(fmt.Errorf("%s has the members_topic %s, where what is sent again would be the last word on members who "+
				"may have left since: make that topic anew, and have the destination begin with all members", d.Name, d.Kafka.MembersTopic))
		}
		if cmd.Resend {
			return cmd.resend(ctx, c, r, d)
		}
		err := r.store.DeadMessages(ctx, d.Name, func(text []byte) error {
			dead, err := activation.DecodeDead(text)
			if err != nil || !cmd.wants(dead) {
				return err
			}
			return cmd.print(c, d.Name, dead)
		})
		return service.Classify(err)
	})
}

// wants reports whether a message is one of those that are asked for.
func (cmd *activateDead) wants(dead activation.DeadLetter) bool {
	return cmd.Profile == "" || slices.ContainsFunc(dead.Changes, func(change activation.Change) bool { return change.Profile == cmd.Profile })
}

func (cmd *activateDead) resend(ctx context.Context, c console, r *reader, d *activation.Destination) error {
	first, last := 0, r.layout.Shards-1
	if cmd.Profile != "" {
		shard, err := r.lookup.ShardOf(cmd.Profile)
		if err != nil {
			return err
		}
		first, last = shard, shard
	}
	total := 0
	var failed error
	for shard := first; shard <= last && failed == nil; shard++ {
		var sent int
		sent, failed = r.store.Resend(ctx, shard, d.Name, func(text []byte) (sink.WaitingMessage, bool, error) {
			dead, err := activation.DecodeDead(text)
			if err != nil || !cmd.wants(dead) {
				return sink.WaitingMessage{}, false, err
			}
			message, err := dead.Waiting()
			return sink.WaitingMessage(message), err == nil, err
		})
		total += sent
	}
	_, err := fmt.Fprintf(c.out, "%d messages wait to be sent to %s again, within ten seconds where evaluators run\n", total, d.Name)
	return service.Classify(errors.Join(failed, wrap("writing output", err)))
}

func (cmd *activateDead) print(c console, destination string, dead activation.DeadLetter) error {
	line := deadLine{Message: activation.MessageID(destination, dead.Changes), Attempts: dead.Failed, Reason: dead.Reason}
	for _, change := range dead.Changes {
		line.Changes = append(line.Changes, deadChangeLine{
			change.Profile, change.Segment, change.Entered, change.Version, time.UnixMilli(change.At).UTC(), change.Run,
		})
	}
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
