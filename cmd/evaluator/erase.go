package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"muster/lookup"
	"muster/service"
	"muster/sink"
)

// erasureLook is how often an erasure that is waited for is looked at.
const erasureLook = 500 * time.Millisecond

type eraseCommand struct {
	ID       string        `arg:"" name:"id" placeholder:"ID" help:"The profile: a userId, or the anonymousId of who has none."`
	Config   string        `short:"c" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Server   string        `placeholder:"URL" help:"Ask the API of an evaluator and not Kafka and Redis, as https://muster.internal:8090; MUSTER_TOKEN has the token."`
	Suppress time.Duration `default:"720h" placeholder:"DURATION" help:"For how long events of the id are passed over; 0 to 87600h."`
	Wait     bool          `help:"Wait until the erasure is complete, and prove it."`
	Status   bool          `help:"Ask for nothing: say how far the erasure of the id is, and prove one that is complete."`
	Output   string        `enum:"text,json" default:"text" help:"How to print: ${enum}."`
}

// Help is shown by --help.
func (eraseCommand) Help() string {
	return `Has the evaluators forget a customer. A record on the keyed topic tells the owner of the
shard: the profile leaves all segments, with the cause "erased", so that destinations are
told, and is removed with its timer. Events of the id that arrive within --suppress are
passed over. Its entries in the outbox and what destinations' messages and logs say of it
go when the destinations have passed the exits, or after 72 hours.

    evaluator erase u42 -c muster.yaml --wait

An evaluator has to run. Complete means that nothing is left to be done. Then all keys of
the deployment in Redis are read and searched for the id, and those that still name it are
printed. What Kafka, destinations and archives hold is not Muster's to remove: docs/privacy.md
says what to set there.

With --server the API of an evaluator does it, under a token with the scope admin.

Exit code: 0 when asked for, or with --wait and --status when it is complete and nothing
names the id; 1 when something still does, when it is not complete, or when Redis, Kafka
or the API can't be reached; 2 when the configuration can't be used.`
}

// eraseResult is what is printed.
type eraseResult struct {
	Profile  string   `json:"profile"`
	Shard    *int     `json:"shard,omitempty"` // nil where the API was asked, which tells none
	Request  string   `json:"request"`
	State    string   `json:"state"` // asked, none, cleaning or complete
	ErasedAt *instant `json:"erased_at"`
	Until    *instant `json:"suppressed_until"`
	// Keys and Values were searched for the id; Left are keys that name it.
	Keys   int64    `json:"keys_searched"`
	Values int64    `json:"values_searched"`
	Within bool     `json:"searched_within_values"`
	Left   []string `json:"left"`
}

// The states of an erasure.
const (
	eraseAsked    = lookup.ErasureAsked
	eraseNone     = lookup.ErasureNone
	eraseCleaning = lookup.ErasureCleaning
	eraseComplete = lookup.ErasureComplete
)

// Run asks, waits, proves and prints.
func (cmd *eraseCommand) Run(c console) error {
	if err := oneOf(cmd.Config, cmd.Server); err != nil {
		return err
	}
	result := &eraseResult{Profile: cmd.ID, State: eraseAsked, Left: []string{}}
	if cmd.Server != "" {
		return withServer(cmd.Server, func(ctx context.Context, s *server) error { return cmd.tell(c, result, cmd.ask(ctx, s, result)) })
	}
	return withReader(c, cmd.Config, func(ctx context.Context, r *reader) error { return cmd.tell(c, result, cmd.carryOut(ctx, r, result)) })
}

// tell prints what came of it, unless that is an error.
func (cmd *eraseCommand) tell(c console, result *eraseResult, err error) error {
	if err != nil {
		return err
	}
	if err := cmd.print(c.out, result); err != nil {
		return err
	}
	return cmd.verdict(result)
}

func (cmd *eraseCommand) carryOut(ctx context.Context, r *reader, result *eraseResult) (err error) {
	shard := 0
	if cmd.Status {
		shard, err = r.lookup.ShardOf(cmd.ID)
		err = service.Classify(err)
	} else {
		result.Request, shard, err = service.Erase(ctx, &r.config, r.store, cmd.ID, cmd.Suppress)
	}
	result.Shard = &shard
	if err != nil || !cmd.Status && !cmd.Wait {
		return err
	}
	err = cmd.look(ctx, result, func() error {
		state, err := r.store.ErasureState(ctx, shard, cmd.ID)
		result.take(state)
		return service.Classify(err)
	})
	if err != nil || result.State != eraseComplete {
		return err
	}
	traces, err := r.store.Traces(ctx, cmd.ID)
	result.Keys, result.Values, result.Within = traces.Keys, traces.Values, traces.Whole
	result.Left = append(result.Left, traces.Left...)
	return service.Classify(err)
}

// look says how far the erasure is, and waits until it is complete if that is
// asked for.
func (cmd *eraseCommand) look(ctx context.Context, result *eraseResult, ask func() error) error {
	tick := time.NewTicker(erasureLook)
	defer tick.Stop()
	for {
		if err := ask(); err != nil {
			return err
		}
		if !cmd.Wait || result.State == eraseComplete || cmd.Status && result.State == eraseNone {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the erasure goes on without this command, see evaluator erase --status: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// take takes over how far an erasure is. Before the request that was made is
// carried out, another one of the same profile may stand there.
func (e *eraseResult) take(s sink.ErasureState) {
	switch {
	case !s.Known && e.Request == "":
		e.State = eraseNone
		return
	case !s.Known || e.Request != "" && s.Request != e.Request:
		return
	case s.Complete:
		e.State = eraseComplete
	default:
		e.State = eraseCleaning
	}
	at, until := instant(s.At), instant(s.Until)
	e.Request, e.ErasedAt, e.Until = s.Request, &at, &until
}

func (cmd *eraseCommand) print(out io.Writer, e *eraseResult) error {
	if cmd.Output == "json" {
		return printJSON(out, e)
	}
	_, err := io.WriteString(out, e.text())
	return wrap("writing output", err)
}

func (e *eraseResult) text() string {
	text := "profile " + lookup.Shown(e.Profile)
	if e.Shard != nil {
		text += fmt.Sprintf(", shard %d", *e.Shard)
	}
	if e.Request != "" {
		text += ", request " + e.Request
	}
	switch e.State {
	case eraseAsked:
		return text + "\nThe record is on the log. How far it is: evaluator erase --status " + lookup.Shown(e.Profile) + "\n"
	case eraseNone:
		return text + "\nNo erasure of it is known.\n"
	}
	text += fmt.Sprintf("\nerased at %s, events are passed over until %s\n", e.ErasedAt, e.Until)
	if e.State == eraseCleaning {
		return text + "The outbox and the messages of destinations are still to be cleaned.\n"
	}
	text += fmt.Sprintf("complete: %d keys of Redis with %d values were searched for the id", e.Keys, e.Values)
	if !e.Within {
		text += ", not within longer values, as it is short"
	}
	text += "\n"
	for _, key := range e.Left {
		text += "left: " + lookup.Shown(key) + " names it\n"
	}
	return text
}

// verdict is an error where the erasure can't be said to be done.
func (cmd *eraseCommand) verdict(e *eraseResult) error {
	switch {
	case len(e.Left) > 0:
		return errors.New("keys still name the id: a key of an older layout goes with evaluator reshard --drop-old, " +
			"and what other customers' profiles say is theirs; see docs/privacy.md")
	case e.State == eraseComplete || e.State == eraseAsked:
		return nil
	}
	return errSilent
}
