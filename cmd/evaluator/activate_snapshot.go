package main

import (
	"context"
	"fmt"
	"time"

	"muster/activation"
	"muster/service"
	"muster/sink"
)

type activateReconcile struct {
	named
	Output string `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (activateReconcile) Help() string {
	return `Asks for a snapshot run: every shard tells the destination who is in the segments that it
wants, while changes go on. Evaluators take it up within ten seconds; where none runs, it
waits for them in Redis. A run that was asked for before and is not done is given up for
this one. How far it is: evaluator activate status.

    evaluator activate reconcile crm -c muster.yaml

What is named has the cause snapshot and the run's id. The format muster also says where
the part of a shard begins and ends, so that an endpoint can drop members that it has
heard nothing of: see docs/activation.md.

Exit code: 0 when the run is asked for, 1 when Redis can't be reached, 2 when the
configuration can't be used.`
}

// Run asks.
func (cmd *activateReconcile) Run(c console) error {
	return cmd.operate(c, func(ctx context.Context, r *reader, d *activation.Destination) error {
		run := activation.RunID("by-hand", time.Now())
		before, err := r.ask(ctx, d.Name, run)
		if err != nil {
			return service.Classify(err)
		}
		if cmd.Output == "json" {
			return printJSON(c.out, struct {
				Destination string `json:"destination"`
				Run         string `json:"run"`
				Instead     string `json:"instead,omitempty"` // the run that was asked for before
				State       string `json:"state"`
			}{d.Name, run, before.Run, before.State})
		}
		text := fmt.Sprintf("snapshot run %s of %s is asked for; evaluators take it up within ten seconds: evaluator activate status", run, d.Name)
		if before.State != string(activation.Active) {
			text += fmt.Sprintf("\n%s is %s, so it waits until: evaluator activate resume %s", d.Name, before.State, d.Name)
		}
		_, err = fmt.Fprintln(c.out, text)
		return wrap("writing output", err)
	})
}

// ask asks for a run in place of whichever is asked for, and returns what was
// before.
func (r *reader) ask(ctx context.Context, destination, run string) (before sink.Orders, err error) {
	for asked := false; !asked && err == nil; {
		if before, err = r.store.Orders(ctx, destination); err == nil {
			asked, err = r.store.SetDestinationRun(ctx, destination, run, before.Run)
		}
	}
	if before.State == "" {
		before.State = string(activation.Active)
	}
	return before, err
}
