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
		_, err := fmt.Fprintf(c.out, "%s is sent nothing from now on, within two seconds; its changes wait until: evaluator activate resume %s\n", d.Name, d.Name)
		return wrap("writing output", err)
	})
}

type activateResume struct{ named }

// Run resumes.
func (cmd *activateResume) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error { return goOn(ctx, c, r, d.Name) })
}

type activateEnable struct{ named }

// Help is shown by --help.
func (activateEnable) Help() string {
	return `Goes on with a destination that was disabled because it has answered 410 Gone. What it was
not sent meanwhile still waits, as far as the outbox holds it. One that was paused by hand
is left as it is: evaluator activate resume.

    evaluator activate enable crm -c muster.yaml

Exit code: 0 when it is sent to again, 1 when Redis can't be reached, 2 when the
destination is paused or the configuration can't be used.`
}

// Run enables.
func (cmd *activateEnable) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		state, reason, err := r.store.DestinationState(ctx, d.Name)
		switch {
		case err != nil:
			return service.Classify(err)
		case activation.State(state) == activation.Paused:
			return unusable(fmt.Errorf("%s is paused and not disabled: %s; go on with it by: evaluator activate resume %s", d.Name, reason, d.Name))
		}
		return goOn(ctx, c, r, d.Name)
	})
}

// goOn has a destination sent to again.
func goOn(ctx context.Context, c console, r *reader, name string) error {
	if err := r.store.SetDestinationState(ctx, name, "", ""); err != nil {
		return service.Classify(err)
	}
	_, err := fmt.Fprintf(c.out, "%s is sent its changes again, within two seconds\n", name)
	return wrap("writing output", err)
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
	tried, err := origin.Try(context.Background(), d)
	if err != nil {
		return err
	}
	if d.Kafka == nil {
		_, _ = fmt.Fprintf(c.out, "webhook-id: %s\n%s\n\n", tried.Message, tried.Body)
	} else {
		_, _ = fmt.Fprintf(c.out, "topic: %s\nkey: %s\nce_id: %s\n\n", tried.Topic, tried.Key, tried.Message)
	}
	took := time.Duration(tried.Seconds * float64(time.Second)).Round(time.Millisecond).String()
	if !tried.Taken {
		return fmt.Errorf("%s has not taken it after %s: %s", d.Name, took, tried.Reason)
	}
	if d.Kafka == nil {
		took = fmt.Sprintf("%d after %s", tried.Status, took)
	}
	_, err = fmt.Fprintf(c.out, "%s has taken it: %s\n", d.Name, took)
	return wrap("writing output", err)
}
