package service

import (
	"context"
	"fmt"
	"time"

	"muster/activation"
	"muster/lookup"
	"muster/sink"
)

// Ordering gives orders about destinations by writing them to Redis, from where
// the evaluators take them. Commands and the API give them by it.
type Ordering struct {
	Store  *sink.Store
	Reader *lookup.Reader
}

// Reconcile asks for a snapshot run in place of whichever was asked for.
func (o Ordering) Reconcile(ctx context.Context, destination string) (lookup.Reconcile, error) {
	run := activation.RunID("by-hand", time.Now())
	var before sink.Orders
	var err error
	for asked := false; !asked && err == nil; {
		if before, err = o.Store.Orders(ctx, destination); err == nil {
			asked, err = o.Store.SetDestinationRun(ctx, destination, run, before.Run)
		}
	}
	if before.State == "" {
		before.State = string(activation.Active)
	}
	return lookup.Reconcile{Destination: destination, Run: run, Instead: before.Run, State: before.State}, err
}

// Replay has a destination sent again what the outboxes keep since an instant.
func (o Ordering) Replay(ctx context.Context, d *activation.Destination, since lookup.Instant) (*lookup.Replay, error) {
	line := &lookup.Replay{Destination: d.Name, Since: since.String(), Incomplete: []lookup.Incomplete{}}
	_, shards, err := o.Store.Layout(ctx)
	if err != nil {
		return nil, err
	}
	for shard := range shards {
		if err := o.replay(ctx, d, since, shard, line); err != nil {
			return nil, err
		}
	}
	return line, o.Store.SetDestinationReplay(ctx, d.Name, activation.RunID("replay", time.Now()))
}

// replay goes back in one shard.
func (o Ordering) replay(ctx context.Context, d *activation.Destination, since lookup.Instant, shard int, line *lookup.Replay) error {
	plan, err := o.Store.PlanReplay(ctx, shard, int64(since), d.Wants)
	if err != nil {
		return err
	}
	if plan.Dropped > 0 {
		line.Incomplete = append(line.Incomplete, lookup.Incomplete{Shard: shard, Oldest: lookup.Instant(plan.Oldest).String(), Dropped: plan.Dropped})
	}
	if plan.Changes == 0 {
		return nil
	}
	back, err := o.Store.Replay(ctx, shard, d.Name, plan)
	if back {
		line.Shards++
		line.Changes += plan.Changes
	}
	return err
}

// Resend has dead letters sent again, those with changes of a profile where one
// is named, and returns how many wait for that now.
func (o Ordering) Resend(ctx context.Context, d *activation.Destination, profile string) (total int, err error) {
	if err := lookup.Resendable(d); err != nil {
		return 0, err
	}
	_, shards, err := o.Store.Layout(ctx)
	if err != nil {
		return 0, err
	}
	first, last := 0, shards-1
	if profile != "" {
		if first, err = o.Reader.ShardOf(profile); err != nil {
			return 0, err
		}
		last = first
	}
	for shard := first; shard <= last && err == nil; shard++ {
		var sent int
		sent, err = o.Store.Resend(ctx, shard, d.Name, func(text []byte) (sink.WaitingMessage, bool, error) {
			dead, err := activation.DecodeDead(text)
			if err != nil || profile != "" && !dead.IsAbout(profile) {
				return sink.WaitingMessage{}, false, err
			}
			message, err := dead.Waiting()
			return sink.WaitingMessage(message), err == nil, err
		})
		total += sent
	}
	return total, err
}

// Try sends a destination one message by the very path that changes take, and
// returns what came of it.
func (o *Origin) Try(ctx context.Context, d *activation.Destination) (*lookup.Trial, error) {
	sender, err := o.Sender(d)
	if err != nil {
		return nil, unusable(err)
	}
	message, err := d.Sample(time.Now())
	if err != nil {
		return nil, unusable(fmt.Errorf("destination %s: %w", d.Name, err))
	}
	answer := sender.Send(ctx, message)
	t := &lookup.Trial{
		Destination: d.Name, Taken: answer.Verdict == activation.Delivered, Status: answer.Status, Reason: answer.Reason,
		Seconds: answer.Took.Round(time.Millisecond).Seconds(), Message: message.ID, Body: string(message.Body),
	}
	if d.Kafka != nil {
		t.Topic, t.Key = d.Kafka.Topic, message.Changes[0].Profile
	}
	return t, nil
}
