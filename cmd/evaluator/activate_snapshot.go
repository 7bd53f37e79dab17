package main

import (
	"context"
	"fmt"

	"muster/activation"
	"muster/service"
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
		line, err := r.ordering().Reconcile(ctx, d.Name)
		if err != nil {
			return service.Classify(err)
		}
		if cmd.Output == "json" {
			return printJSON(c.out, line)
		}
		text := fmt.Sprintf("snapshot run %s of %s is asked for; evaluators take it up within ten seconds: evaluator activate status", line.Run, d.Name)
		if line.State != string(activation.Active) {
			text += fmt.Sprintf("\n%s is %s, so it waits until: evaluator activate resume %s", d.Name, line.State, d.Name)
		}
		_, err = fmt.Fprintln(c.out, text)
		return wrap("writing output", err)
	})
}
