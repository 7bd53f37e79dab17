package pipeline

import (
	"context"
	"fmt"
	"time"

	"muster/profile"
)

// tenure is a worker's time as the owner of one shard: it takes parcels from
// the intake to a Driver, and is the Port and the Receiver of that Driver.
type tenure struct {
	worker    *Worker
	driver    *Driver
	origin    origin
	pace      *pace
	counter   Counter // nil for none
	profiles  func(id string) *profile.Profile
	edition   uint64    // of the driver's rule set
	context   []string  // fields of events' contexts that it reads
	began     time.Time // when the batch at hand, or what was committed of it, began
	committed time.Time // when the last commit was
	parcel    *parcel   // at hand
	anchor    Anchor    // of the last commit
	feed      Feed      // what the driver gets of it
	gap       *Gap      // to be told with the next commit
	stats     BatchStats
	swept     Sweep // as it was told last
}

func newTenure(w *Worker, o origin, state State) *tenure {
	edition := w.Rules.Current()
	t := &tenure{
		worker: w, origin: o, pace: w.paces.shard(o.partition), edition: edition.Number, context: edition.Set.ContextFields(),
		committed: time.Now(), parcel: &parcel{batch: Batch{Next: state.Next, Anchor: state.Anchor}}, anchor: state.Anchor,
	}
	t.driver = NewDriver(edition.Set, w.Config, state, t)
	t.profiles = t.driver.Profile
	t.driver.Receiver, t.driver.Directed, t.driver.Most = t, t.directed, t.pace.most
	if w.Matcher != nil {
		t.driver.Match(w.Matcher)
	}
	if scanner, ok := w.Store.(Scanner); ok {
		t.driver.Census, t.driver.Slots = census{scanner, o.partition}, w.sweepSlots()
	}
	t.tellAdoption()
	return t
}

// work serves parcels, and overdue timers between them, until ctx ends.
func (t *tenure) work(ctx context.Context, parcels <-chan parcel) error {
	for {
		p, ok, err := t.await(ctx, parcels)
		if !ok || err != nil {
			return err
		}
		if err := t.serve(ctx, &p); err != nil {
			return err
		}
		p.done()
	}
}

// await returns the next parcel, serving overdue timers and sweeping until
// there is one, and false when ctx ends.
func (t *tenure) await(ctx context.Context, parcels <-chan parcel) (p parcel, ok bool, err error) {
	for {
		behind, slots := t.driver.Behind(), t.slots()
		if behind || slots != nil { // a parcel that waits goes first
			select {
			case p = <-parcels:
				return p, true, nil
			case <-ctx.Done():
				return p, false, nil
			default:
			}
		}
		if behind {
			if err := t.turn(ctx); err != nil {
				return p, false, err
			}
			continue
		}
		select {
		case p = <-parcels:
			return p, true, nil
		case <-ctx.Done():
			return p, false, nil
		case slots <- struct{}{}:
			err := t.turn(ctx)
			<-slots
			if err != nil {
				return p, false, err
			}
		}
	}
}

// slots is where a turn of a sweep has to find room, nil while there is no
// sweep: then nobody ever waits for it.
func (t *tenure) slots() chan struct{} {
	if t.driver.Sweeping() {
		return t.driver.Slots
	}
	return nil
}

// turn has the driver serve what is overdue. When the worker is asked to
// leave meanwhile it still finishes, within the commit timeout.
func (t *tenure) turn(ctx context.Context) error {
	ctx, cancel := withGrace(ctx, t.worker.Config.CommitTimeout)
	defer cancel()
	if err := t.keepUp(); err != nil {
		return err
	}
	t.began = time.Now()
	defer t.tellSweep()
	return t.driver.Turn(ctx)
}

// serve takes one parcel from its records to the store, with the same grace.
func (t *tenure) serve(ctx context.Context, p *parcel) error {
	t.began = time.Now()
	if err := t.keepUp(); err != nil {
		return err
	}
	p.suit(t.origin, t.context)
	if len(p.batch.Records) == 0 && p.batch.Next == t.driver.Next() && p.batch.Gap == nil {
		t.idle(p)
		if time.Since(t.committed) < t.worker.Config.IdleCheck {
			return nil
		}
	}
	ctx, cancel := withGrace(ctx, t.worker.Config.CommitTimeout)
	defer cancel()
	t.parcel = p
	if t.worker.Heard != nil {
		t.worker.Heard.hear(p.events)
	}
	t.stats.Records, t.stats.Tombstones = len(p.batch.Records), p.tombstones
	t.stats.Lag, t.gap = p.batch.High-p.batch.Next, p.batch.Gap
	defer t.tellSweep()
	return t.driver.Serve(ctx, t.fill(p))
}

// fill makes a parcel the driver's feed.
func (t *tenure) fill(p *parcel) *Feed {
	f := &t.feed
	f.Events, f.Records, f.Offsets, f.Directives = p.events, p.records, f.Offsets[:0], t.owned(p)
	for i := range p.batch.Records {
		f.Offsets = append(f.Offsets, p.batch.Records[i].Offset)
	}
	f.Next, f.Last = p.batch.Next, p.batch.last()
	return f
}

// idle lets the wall clock move time forward, when a parcel shows that there
// was nothing to read when it was asked for.
func (t *tenure) idle(p *parcel) {
	if p.asked != 0 && p.batch.last() {
		t.driver.Pass(p.asked - t.worker.Config.IdleGrace.Milliseconds())
	}
}

// keepUp swaps to the newest edition of the rules. It is called between
// batches, when all before is committed.
func (t *tenure) keepUp() error {
	newest := t.worker.Rules.Current()
	if newest.Number == t.edition {
		return nil
	}
	t.edition, t.context = newest.Number, newest.Set.ContextFields()
	if err := t.driver.Swap(newest.Set); err != nil {
		return err
	}
	t.tellAdoption()
	return nil
}

// Admit implements Receiver: an event of a profile that belongs to another
// partition goes to the dead letters.
func (t *tenure) Admit(i int) bool {
	p := t.parcel
	ev := &p.events[i]
	t.stats.notice(ev)
	owner := t.worker.Owner(ev.Profile)
	if owner == t.origin.partition {
		return true
	}
	t.refuse(i, fmt.Sprintf("profile %q belongs to partition %d, not %d: the topic is not keyed by profile with the configured partitioner",
		ev.Profile, owner, t.origin.partition))
	return false
}

// Outcome implements Receiver.
func (t *tenure) Outcome(i int, o profile.Outcome, relieved bool) {
	switch o {
	case profile.Applied:
		t.stats.Events++
		t.count(i)
	case profile.Repeat:
		t.stats.Repeats++
	case profile.Suppressed:
		t.stats.Suppressed++
	default:
		t.refuse(i, o.Reason(&t.worker.Config.Profiles))
	}
	if relieved {
		t.stats.Relieved++
	}
}

// refuse sends the record of an event to the dead letters.
func (t *tenure) refuse(i int, reason string) {
	r := t.parcel.batch.Records[t.parcel.records[i]]
	t.parcel.letters = append(t.parcel.letters, t.origin.letter(r, reason, r.Value))
}

// Load implements Port.
func (t *tenure) Load(ctx context.Context, ids []string) ([]string, error) {
	blobs, err := t.worker.Store.Load(ctx, t.origin.partition, ids)
	if err != nil {
		return nil, t.slower(len(ids), fmt.Errorf("loading %d profiles of shard %d: %w", len(ids), t.origin.partition, err))
	}
	t.stats.Loaded += len(ids)
	return blobs, nil
}

// Commit implements Port. Dead letters are durable before the commit is, so
// that a crash can repeat but not lose one.
func (t *tenure) Commit(ctx context.Context, c *Commit) error {
	if err := t.bury(ctx); err != nil {
		return err
	}
	c.Gap, t.gap = t.gap, nil
	c.Anchor = t.parcel.batch.anchorAt(c.Next, t.anchor)
	ctx, cancel := context.WithTimeout(ctx, t.worker.Config.CommitTimeout)
	defer cancel()
	began := time.Now()
	if err := t.storeCounts(ctx, c); err != nil {
		return t.slower(len(c.Profiles), fmt.Errorf("counting up to offset %d of shard %d: %w", c.Next, t.origin.partition, err))
	}
	if err := t.worker.Store.Commit(ctx, t.origin.partition, c); err != nil {
		return t.slower(len(c.Profiles), fmt.Errorf("committing shard %d up to offset %d: %w", t.origin.partition, c.Next, err))
	}
	t.anchor = c.Anchor
	t.stats.Step = began.Sub(t.began)
	t.committed = time.Now()
	t.began = t.committed
	t.stats.Commit = t.committed.Sub(began)
	t.pace.landed(len(c.Profiles), t.stats.Commit, t.worker.Config.CommitTimeout)
	t.driver.Most = t.pace.most
	t.tell(c)
	return nil
}

// bury writes the dead letters of the parcel at hand.
func (t *tenure) bury(ctx context.Context) error {
	letters := t.parcel.letters
	if len(letters) == 0 {
		return nil
	}
	if err := t.worker.Dead.Write(ctx, letters); err != nil {
		return fmt.Errorf("writing %d dead letters: %w", len(letters), err)
	}
	for _, l := range letters {
		t.worker.Observer.deadLetter(t.origin.partition, l)
	}
	t.stats.DeadLetters += len(letters)
	t.parcel.letters = nil
	return nil
}

// tell reports a stored commit to all who want to know of it.
func (t *tenure) tell(c *Commit) {
	w, shard := t.worker, t.origin.partition
	t.stats.count(c.Changes)
	t.stats.Profiles, t.stats.Gap = len(c.Profiles), c.Gap
	t.stats.StreamTime, t.stats.Edition, t.stats.Overdue = c.Clock, t.edition, t.driver.Overdue()
	if w.Sample != nil {
		w.Sample.offer(shard, t.driver.Names(), c)
	}
	if w.Hint != nil {
		w.Hint(shard, c.Next)
	}
	w.Observer.committed(shard, t.stats)
	t.stats = BatchStats{}
}

// tellAdoption reports that a rule set is in force, and the sweep that follows.
func (t *tenure) tellAdoption() {
	a := Adoption{Edition: t.edition}
	if t.driver.Sweeping() {
		a.Marks = t.driver.Marks()
	}
	t.worker.Observer.adopted(t.origin.partition, a)
	t.tellSweep()
}

// tellSweep reports how far a sweep is.
func (t *tenure) tellSweep() {
	if now := t.driver.Sweep(); t.driver.Census != nil && now != t.swept {
		t.swept = now
		t.worker.Observer.swept(t.origin.partition, now)
	}
}

// census names the profiles of one shard.
type census struct {
	scanner Scanner
	shard   int
}

// Count implements Census.
func (c census) Count(ctx context.Context) (int64, int, error) { return c.scanner.Count(ctx, c.shard) }

// Scan implements Census.
func (c census) Scan(ctx context.Context, bucket, limit int) ([]string, int, error) {
	return c.scanner.Scan(ctx, c.shard, bucket, limit)
}
