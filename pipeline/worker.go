package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/event"
	"muster/profile"
	"muster/rules"
)

// Worker drives shards from their partitions into a Store. One Worker may
// run many shards at once, each in its own goroutine.
type Worker struct {
	Config   Config
	Rules    *Live   // looked at between batches
	Sample   *Sample // is offered what is committed; optional
	Store    Store
	Dead     DeadLetters
	Observer Observer
	Topic    string // the keyed topic's name, for dead letters
	// Open starts reading a partition at an offset, -1 for the first there is.
	Open func(ctx context.Context, partition int, offset int64) (Source, error)
	// Owner returns the partition that a profile belongs to.
	Owner func(profile string) int
	// Wall returns the wall clock in milliseconds since 1970 UTC. Arrival
	// times that are too far ahead are clamped to it, and it moves the clock
	// of shards that have nothing to read. 0 for neither.
	Wall func() int64
	// Matcher makes what evaluates the profiles of a shard under a rule set;
	// nil for rules.NewMatcher. Another one is for comparing with it.
	Matcher func(*rules.Set) Matcher
	// Hint is told the next offset after each commit, for lag tools; optional.
	Hint func(partition int, next int64)
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
	source, err := w.Open(ctx, partition, state.Next)
	if err != nil {
		return fmt.Errorf("opening partition %d at offset %d: %w", partition, state.Next, err)
	}
	defer source.Close()
	in := &intake{source: source, wall: w.Wall, place: place{w.Topic, partition}}
	for i := range in.decoders {
		if in.decoders[i], err = event.NewDecoder(w.Config.Events); err != nil {
			return err
		}
	}
	edition := w.Rules.Current()
	t := &tenure{
		Worker: w, place: in.place, next: state.Next, until: state.Clock, edition: edition.Number,
		shard: NewShard(edition.Set, w.Config.Profiles, w.Config.CacheBytes, state), committed: time.Now(),
	}
	if w.Matcher != nil {
		t.shard.match(w.Matcher)
	}
	parcels := make(chan parcel)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return in.run(ctx, parcels) })
	group.Go(func() error { return t.run(ctx, parcels) })
	return group.Wait()
}

// tenure is a worker's time as the owner of one shard.
type tenure struct {
	*Worker
	place     place
	shard     *Shard
	edition   uint64    // of the shard's rule set
	next      int64     // offset of the last commit
	committed time.Time // when that was
	gap       *Gap      // to be told with the next commit
	until     int64     // where time has come without a record: the stored clock, then the wall's; ms
	stats     BatchStats
}

func (t *tenure) run(ctx context.Context, parcels <-chan parcel) error {
	for {
		p, ok, err := t.await(ctx, parcels)
		if !ok || err != nil {
			return err
		}
		if err := t.serve(ctx, p); err != nil {
			return err
		}
	}
}

// serve takes one parcel from its records to the store. When the worker is
// asked to leave meanwhile it still finishes, within the commit timeout.
func (t *tenure) serve(ctx context.Context, p parcel) error {
	began := time.Now()
	if err := t.keepUp(); err != nil {
		return err
	}
	if len(p.batch.Records) == 0 && p.batch.Next == t.next {
		t.idle(p)
		if time.Since(t.committed) < t.Config.IdleCheck {
			return nil
		}
	}
	ctx, cancel := withGrace(ctx, t.Config.CommitTimeout)
	defer cancel()
	t.stats.Records = len(p.batch.Records)
	if err := t.load(ctx, t.shard.Missing(nil, p.events, t.timersOf(&p))); err != nil {
		return err
	}
	for i := range p.events {
		if err := t.apply(ctx, &p, i); err != nil {
			return err
		}
	}
	if err := t.keepPace(ctx, &p); err != nil {
		return err
	}
	if err := t.bury(ctx, p.letters); err != nil {
		return err
	}
	t.stats.Lag, t.gap = p.batch.High-p.batch.Next, p.batch.Gap
	t.stats.Step = time.Since(began)
	return t.commit(ctx, p.batch.Next)
}

// keepUp swaps to the newest edition of the rules. It is called between
// batches, when all before is committed.
func (t *tenure) keepUp() error {
	newest := t.Rules.Current()
	if newest.Number == t.edition {
		return nil
	}
	t.edition = newest.Number
	return t.shard.Swap(newest.Set)
}

// withGrace returns a context that outlives ctx by d.
func withGrace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d, cancel) })
	return late, func() { stop(); cancel() }
}

// apply serves the timers that are due before an event, then the event.
func (t *tenure) apply(ctx context.Context, p *parcel, i int) error {
	ev := &p.events[i]
	r := p.batch.Records[p.records[i]]
	if err := t.advance(ctx, p, i); err != nil {
		return err
	}
	t.countClamps(ev)
	if owner := t.Owner(ev.Profile); owner != t.place.partition {
		reason := fmt.Sprintf("profile %q belongs to partition %d, not %d: the topic is not keyed by profile with the configured partitioner", ev.Profile, owner, t.place.partition)
		p.letters = append(p.letters, t.place.letter(r, reason, r.Value))
		return nil
	}
	outcome, err := t.shard.Apply(ev)
	switch {
	case err != nil:
		return err
	case outcome == profile.Repeat:
		t.stats.Repeats++
	case outcome != profile.Applied:
		p.letters = append(p.letters, t.place.letter(r, outcome.Reason(&t.Config.Profiles), r.Value))
	default:
		t.stats.Events++
		if t.shard.changed.Relieved {
			t.stats.Relieved++
		}
	}
	return nil
}

func (t *tenure) countClamps(ev *event.Event) {
	if ev.Clamped&event.ClampedTime != 0 {
		t.stats.ClampedTime++
	}
	if ev.Clamped&event.ClampedArrival != 0 {
		t.stats.ClampedArrival++
	}
}

func (t *tenure) load(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	blobs, err := t.Store.Load(ctx, t.place.partition, ids)
	if err != nil {
		return fmt.Errorf("loading %d profiles of shard %d: %w", len(ids), t.place.partition, err)
	}
	for i, id := range ids {
		if err := t.shard.Put(id, blobs[i]); err != nil {
			return fmt.Errorf("loading shard %d: another program or a newer version has written this profile, "+
				"restore it from a backup or remove it from its hash: %w", t.place.partition, err)
		}
	}
	t.stats.Loaded += len(ids)
	return nil
}

// bury writes dead letters. They are durable before the batch is committed.
func (t *tenure) bury(ctx context.Context, letters []DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	if err := t.Dead.Write(ctx, letters); err != nil {
		return fmt.Errorf("writing %d dead letters: %w", len(letters), err)
	}
	for _, l := range letters {
		t.Observer.deadLetter(t.place.partition, l)
	}
	t.stats.DeadLetters += len(letters)
	return nil
}

func (t *tenure) commit(ctx context.Context, next int64) error {
	c := t.shard.Flush(next)
	c.Gap, t.gap = t.gap, nil
	ctx, cancel := context.WithTimeout(ctx, t.Config.CommitTimeout)
	defer cancel()
	began := time.Now()
	if err := t.Store.Commit(ctx, t.place.partition, c); err != nil {
		return fmt.Errorf("committing shard %d up to offset %d: %w", t.place.partition, next, err)
	}
	t.stats.Commit, t.stats.Changes, t.stats.Profiles = time.Since(began), len(c.Changes), len(c.Profiles)
	t.stats.StreamTime, t.stats.Edition, t.stats.Overdue = c.Clock, t.edition, t.shard.Overdue(0, t.Config.Wave)
	t.stats.Gap = c.Gap
	t.shard.Committed(c)
	if t.Sample != nil {
		t.Sample.offer(t.place.partition, t.shard.codec.Names(), c)
	}
	t.next, t.committed = next, time.Now()
	if t.Hint != nil {
		t.Hint(t.place.partition, next)
	}
	t.Observer.committed(t.place.partition, t.stats)
	t.stats = BatchStats{}
	return nil
}
