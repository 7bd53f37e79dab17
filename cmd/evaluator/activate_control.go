package main

import (
	"context"
	"fmt"
	"time"

	"muster/activation"
	"muster/service"
)

type activatePause struct {
	named
	Reason string `default:"by hand" help:"Why, for whoever looks at the status."`
}

// Run pauses.
func (cmd *activatePause) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		if err := r.store.SetDestinationState(ctx, d.Name, string(activation.Paused), cmd.Reason); err != nil {
			return service.Classify(err)
		}
		_, err := fmt.Fprintf(c.out, "%s is sent nothing from now on, within some seconds; its changes wait until: evaluator activate resume %s\n", d.Name, d.Name)
		return wrap("writing output", err)
	})
}

type activateResume struct{ named }

// Run resumes.
func (cmd *activateResume) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		if err := r.store.SetDestinationState(ctx, d.Name, "", ""); err != nil {
			return service.Classify(err)
		}
		_, err := fmt.Fprintf(c.out, "%s is sent its changes again, within some seconds\n", d.Name)
		return wrap("writing output", err)
	})
}

type activateTest struct{ named }

// Help is shown by --help.
func (activateTest) Help() string {
	return `Sends one message by the very path that changes take: the destination's format, its
secrets, its headers, and the same check of the address. The change in it is of profile
muster-test and never was; in Kafka it is an exit. Needs neither Redis nor, for a
webhook, Kafka.

    evaluator activate test crm -c muster.yaml

Exit code: 0 when the message was taken, 1 when it was not, 2 when the configuration
can't be used.`
}

// Run sends and prints.
func (cmd *activateTest) Run(c console) error {
	d, err := cmd.find()
	if err != nil {
		return err
	}
	cfg, err := readConfig(cmd.Config)
	if err != nil {
		return err
	}
	origin := service.Origin{Config: &cfg, Agent: agent}
	sender, err := origin.Sender(d)
	if err != nil {
		return unusable(err)
	}
	message, err := d.Sample(time.Now())
	if err != nil {
		return unusable(fmt.Errorf("destination %s: %w", d.Name, err))
	}
	answer := sender.Send(context.Background(), message)
	if d.Kafka == nil {
		_, _ = fmt.Fprintf(c.out, "webhook-id: %s\n%s\n\n", message.ID, message.Body)
	} else {
		_, _ = fmt.Fprintf(c.out, "topic: %s\nkey: %s\nce_id: %s\n\n", d.Kafka.Topic, message.Changes[0].Profile, message.ID)
	}
	if answer.Verdict != activation.Delivered {
		return fmt.Errorf("%s has not taken it after %s: %s", d.Name, answer.Took.Round(time.Millisecond), answer.Reason)
	}
	took := answer.Took.Round(time.Millisecond).String()
	if d.Kafka == nil {
		took = fmt.Sprintf("%d after %s", answer.Status, took)
	}
	_, err = fmt.Fprintf(c.out, "%s has taken it: %s\n", d.Name, took)
	return wrap("writing output", err)
}

type activateDead struct {
	named
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}. JSON is a line for each message."`
}

// deadLine is how a message that was given up is printed.
type deadLine struct {
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
}

// Run reads and prints.
func (cmd *activateDead) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		err := r.store.DeadMessages(ctx, d.Name, func(text []byte) error {
			dead, err := activation.DecodeDead(text)
			if err != nil {
				return err
			}
			return cmd.print(c, dead)
		})
		return service.Classify(err)
	})
}

func (cmd *activateDead) print(c console, dead activation.DeadLetter) error {
	line := deadLine{Attempts: dead.Failed, Reason: dead.Reason}
	for _, change := range dead.Changes {
		line.Changes = append(line.Changes, deadChangeLine{
			change.Profile, change.Segment, change.Entered, change.Version, time.UnixMilli(change.At).UTC(),
		})
	}
	if cmd.Output == "json" {
		return printJSON(c.out, line)
	}
	for _, change := range line.Changes {
		way := "left"
		if change.Entered {
			way = "entered"
		}
		_, err := fmt.Fprintf(c.out, "%s  %q %s %s (version %d): %s\n",
			change.At.Format(time.RFC3339), change.Profile, way, change.Segment, change.Version, line.Reason)
		if err != nil {
			return wrap("writing output", err)
		}
	}
	return nil
}
