package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/event"
	"muster/rules"
)

// Worker drives shards from their partitions into a Store. One Worker may
// run many shards at once, each in its own goroutine.
type Worker struct {
	Config   Config
	Rules    *Live   // looked at between batches
	Sample   *Sample // is offered what is committed; optional
	Heard    *Heard  // hears some events of each batch; optional
	Store    Store
	Dead     DeadLetters
	Observer Observer
	Topic    string // the keyed topic's name, for dead letters
	// Open starts reading a partition at an offset, -1 for the first there is.
	// The anchor is that of the offset.
	Open func(ctx context.Context, partition int, offset int64, anchor Anchor) (Source, error)
	// Owner returns the partition that a profile belongs to.
	Owner func(profile string) int
	// Wall returns the wall clock in milliseconds since 1970 UTC. Arrival
	// times that are too far ahead are clamped to it, and it moves the clock
	// of shards that have nothing to read. 0 for neither.
	Wall func() int64
	// Matcher makes what evaluates the profiles of a shard under a rule set;
	// nil for rules.NewMatcher. Another one is for comparing with it.
	Matcher func(*rules.Set) Matcher
	// Counter makes what counts the events of a shard that was just opened; nil
	// for that nobody does.
	Counter func(ctx context.Context, shard int, state State) (Counter, error)
	// Hint is told the next offset after each commit, for lag tools; optional.
	Hint func(partition int, next int64)

	once  sync.Once
	slots chan struct{} // of shards that sweep at once
	paces paces
}

// sweepSlots lets shards of this Worker sweep on half of the processors at
// once, so that records always find another one.
func (w *Worker) sweepSlots() chan struct{} {
	w.once.Do(func() { w.slots = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)) })
	return w.slots
}

// Run owns one shard until ctx ends, then finishes the batch at hand. It
// returns nil when ctx ended, and otherwise the error that made it stop;
// after any error the shard must be opened anew, by calling Run again.
func (w *Worker) Run(ctx context.Context, partition int) error {
	err := w.run(ctx, partition)
	if errors.Is(err, ErrFenced) {
		w.Observer.fenced(partition, err)
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	w.Observer.left(partition, err)
	return err
}

func (w *Worker) run(ctx context.Context, partition int) error {
	state, err := w.Store.Open(ctx, partition)
	if err != nil {
		return fmt.Errorf("opening shard %d: %w", partition, err)
	}
	w.Observer.opened(partition, state)
	source, err := w.Open(ctx, partition, state.Next, state.Anchor)
	if err != nil {
		return fmt.Errorf("opening partition %d at offset %d: %w", partition, state.Next, err)
	}
	defer source.Close()
	in := &intake{source: source, rules: w.Rules, wall: w.Wall, origin: origin{w.Topic, partition}}
	for i := range in.decoders {
		if in.decoders[i], err = event.NewDecoder(w.Config.Events); err != nil {
			return err
		}
	}
	t := newTenure(w, in.origin, state)
	if w.Counter != nil {
		if t.counter, err = w.Counter(ctx, partition, state); err != nil {
			return fmt.Errorf("opening the counter of shard %d: %w", partition, err)
		}
	}
	parcels := make(chan parcel)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return in.run(ctx, parcels) })
	group.Go(func() error { return t.work(ctx, parcels) })
	return group.Wait()
}

// withGrace returns a context that outlives ctx by d.
func withGrace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return late, func() { stop(); cancel() }
}
