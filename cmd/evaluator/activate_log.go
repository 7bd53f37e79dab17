package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"muster/activation"
	"muster/service"
)

type activateLog struct {
	named
	Profile string `required:"" placeholder:"ID" help:"The profile whose changes the attempts carried."`
	Output  string `enum:"text,json" default:"text" help:"How to print: ${enum}. JSON is a line for each attempt."`
}

// Help is shown by --help.
func (activateLog) Help() string {
	return `Shows each attempt to send changes of one profile, the oldest first: when its answer came,
the message's webhook-id, the number of the attempt, what came of it (delivered, deferred,
refused or gone), the status and how long it took, the profile's changes in it, and why it
was not taken.

    evaluator activate log crm --profile u42 -c muster.yaml

Each shard keeps the newest destinations.log_entries entries of a destination, 2,000 by
default, and none older than destinations.log_age, 168h. An attempt whose round was cut
off by a crash is made again, and is in the log only then.

Exit code: 0 when read, 1 when Redis can't be reached, 2 when the configuration, or what
Redis holds, can't be used.`
}

// attemptLine is how an attempt is printed.
type attemptLine struct {
	At      time.Time    `json:"at"`
	Message string       `json:"webhook_id"`
	Attempt int          `json:"attempt"`
	Verdict string       `json:"verdict"`
	Status  int          `json:"status"` // 0: no answer
	Seconds float64      `json:"seconds"`
	Reason  string       `json:"reason,omitempty"`
	Changes []loggedLine `json:"changes"` // those of the profile
}

// loggedLine is a change of a profile that is known.
type loggedLine struct {
	Segment string `json:"segment"`
	Entered bool   `json:"entered"`
	Version uint64 `json:"version"`
}

// Run reads and prints.
func (cmd *activateLog) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		bound := r.config.Destinations
		if bound.LogEntries == 0 {
			return unusable(errors.New("destinations.log_entries is 0 in the configuration, so no log is kept"))
		}
		shard, err := r.lookup.ShardOf(cmd.Profile)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		err = r.store.DeliveryLog(ctx, shard, d.Name, time.Now().Add(-bound.LogAge), func(text []byte) error {
			entry, err := activation.DecodeLog(text)
			if err != nil {
				return err
			}
			line := attemptOf(entry, cmd.Profile)
			switch {
			case len(line.Changes) == 0:
				return nil
			case cmd.Output == "json":
				return printJSON(c.out, line)
			}
			_, err = fmt.Fprintf(table, "%s\t%s\tattempt %d\t%s\t%d\t%s\t%s\t%s\n", line.At.Format(time.RFC3339), line.Message, line.Attempt,
				line.Verdict, line.Status, entry.Took.Round(time.Millisecond), inWords(line.Changes), line.Reason)
			return wrap("writing output", err)
		})
		return service.Classify(errors.Join(err, wrap("writing output", table.Flush())))
	})
}

// attemptOf returns what is printed of an attempt, with the changes of one
// profile.
func attemptOf(e activation.LogEntry, profile string) attemptLine {
	line := attemptLine{
		At: e.At, Message: e.Message, Attempt: e.Attempt, Verdict: e.Verdict.String(), Status: e.Status, Seconds: e.Took.Seconds(), Reason: e.Reason,
	}
	for _, change := range e.Changes {
		if change.Profile == profile {
			line.Changes = append(line.Changes, loggedLine{change.Segment, change.Entered, change.Version})
		}
	}
	return line
}

// inWords writes changes as one word each, with + for an entry and - for an
// exit.
func inWords(changes []loggedLine) string {
	var words []byte
	for i, change := range changes {
		if i > 0 {
			words = append(words, ' ')
		}
		sign := byte('-')
		if change.Entered {
			sign = '+'
		}
		words = fmt.Appendf(append(words, sign), "%s@%d", change.Segment, change.Version)
	}
	return string(words)
}
