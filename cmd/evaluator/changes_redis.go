package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"muster/lookup"
	"muster/service"
)

const (
	// quietFor is how long no change may come before the command looks whether
	// the deployment is still the one it knows.
	quietFor = 15 * time.Second
	// againAfter is how long it waits when Redis can't be read.
	againAfter = time.Second
)

// read follows changes in Redis. Once it follows, Redis may be away for as long
// as it likes: what changed meanwhile is read when it is back.
func (cmd *changesCommand) read(ctx context.Context, c console, r *reader) error {
	changes, err := r.lookup.Changes(ctx, sayAway(c))
	if err != nil {
		return service.Classify(err)
	}
	following, err := changes.Follow(ctx, lookup.Wish{From: cmd.From, Profile: cmd.Profile, Segments: cmd.Segment})
	if err != nil {
		return service.Classify(err)
	}
	defer following.Close()
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { changes.Run(ctx) })
	defer func() {
		stop()
		running.Wait()
	}()
	if following.Anew() {
		if err := cmd.printMissed(c, missedLine{Gap: "the place is one of shards that are no more; all that is kept follows"}); err != nil {
			return err
		}
	}
	cmd.place = following.Place()
	return cmd.follow(ctx, c, r, following)
}

// follow prints until ctx ends, or enough was printed.
func (cmd *changesCommand) follow(ctx context.Context, c console, r *reader, following *lookup.Following) error {
	away := sayAway(c)
	for {
		some, err := following.Next(ctx, quietFor)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			away(err)
			if !pause(ctx, againAfter) {
				return nil
			}
		case len(some) == 0:
			cmd.place = following.Place()
			if err := r.unmoved(ctx); err != nil {
				return err
			}
		}
		for i := range some {
			if err := cmd.tell(c, following, &some[i]); err != nil || cmd.enough() {
				return err
			}
		}
	}
}

// tell prints a change, and before it that some were missed.
func (cmd *changesCommand) tell(c console, following *lookup.Following, one *lookup.Change) error {
	if one.Missed > 0 {
		gap := fmt.Sprintf("%d changes of shard %d are no longer kept; redis.outbox_max says how many are", one.Missed, one.Shard)
		if err := cmd.printMissed(c, missedLine{gap, one.Missed}); err != nil {
			return err
		}
	}
	following.Passed(one)
	if !following.Wants(one) {
		cmd.place = following.Place()
		return nil
	}
	return cmd.print(c, &followedLine{following.Place(), *one})
}

// unmoved fails when the deployment has other shards than it had: nothing will
// come from those that are read. While Redis is away nobody knows.
func (r *reader) unmoved(ctx context.Context) error {
	layouts, err := r.store.Layouts(ctx)
	if err != nil || layouts.Current == r.layout {
		return nil
	}
	return fmt.Errorf("the number of shards was changed, and now there are %d; begin again, with --from to be told all that is kept", layouts.Current.Shards)
}

// sayAway returns what says once that Redis can't be read.
func sayAway(c console) func(error) {
	var once sync.Once
	return func(err error) {
		once.Do(func() { _, _ = fmt.Fprintf(c.err, "changes can't be read, trying again: %v\n", err) })
	}
}
