package pipeline

import "context"

// The passing of time in a tenure. A record waits for all timers due before
// it, in order, as long as there are at most Config.Wave of them. Behind a
// longer wave it would wait for too long: then it waits for those of its own
// profile only, and the wave is served beside the records: one timer every so
// many of them, some behind every batch that leaves nothing to read, and more
// whenever there is no batch. What happens to one profile is the same either way.

const (
	// recordsPerTimer is after how many records a timer of a long wave is
	// served while batches keep coming. In a shard of a million profiles a
	// timer of one that nobody has touched for long costs as much as ten
	// records of those at hand: this leaves records nine tenths of the time.
	recordsPerTimer = 100
	// turnTimers is how many timers of a wave are served behind a batch, or
	// before looking for one again. It bounds how long a batch waits.
	turnTimers = 20
)

// await returns the next parcel, serving overdue timers until there is one,
// and false when ctx ends.
func (t *tenure) await(ctx context.Context, parcels <-chan parcel) (p parcel, ok bool, err error) {
	for t.shard.Overdue(t.until, 0) > 0 {
		select {
		case p = <-parcels:
			return p, true, nil
		case <-ctx.Done():
			return p, false, nil
		default:
		}
		if err := t.turn(ctx); err != nil {
			return p, false, err
		}
	}
	select {
	case p = <-parcels:
		return p, true, nil
	case <-ctx.Done():
		return p, false, nil
	}
}

// idle lets the wall clock move time forward, when a parcel shows that there
// was nothing to read when it was asked for.
func (t *tenure) idle(p parcel) {
	if p.asked != 0 && p.batch.Next >= p.batch.High {
		t.until = max(t.until, p.asked-t.Config.IdleGrace.Milliseconds())
	}
}

// turn serves some overdue timers and commits them.
func (t *tenure) turn(ctx context.Context) error {
	ctx, cancel := withGrace(ctx, t.Config.CommitTimeout)
	defer cancel()
	if err := t.keepUp(); err != nil {
		return err
	}
	if _, err := t.fire(ctx, max(t.until, t.shard.Clock()), min(turnTimers, t.Config.Timers)); err != nil {
		return err
	}
	return t.commit(ctx, t.next)
}

// keepPace serves timers of a long wave behind a batch that leaves nothing to
// read: then there is time, though a small batch may always be waiting.
func (t *tenure) keepPace(ctx context.Context, p *parcel) error {
	if p.batch.Next < p.batch.High || !t.swamped() {
		return nil
	}
	_, err := t.fire(ctx, t.shard.Clock(), min(turnTimers, t.Config.Timers))
	return err
}

// swamped reports whether more timers are overdue than records wait for.
func (t *tenure) swamped() bool { return t.shard.Overdue(0, t.Config.Wave) > t.Config.Wave }

// timersOf is how many of the timers that a parcel's records bring about are
// loaded with it.
func (t *tenure) timersOf(p *parcel) int {
	if t.swamped() {
		return len(p.batch.Records)/recordsPerTimer + 1
	}
	return t.Config.Timers
}

// advance serves the timers that the i-th event waits for. Their commits,
// should there be several, go with the offset still at the record at hand;
// in the middle of a record that holds several events there is none, because
// those before would be applied again after a crash.
func (t *tenure) advance(ctx context.Context, p *parcel, i int) error {
	until, first := p.events[i].Arrival, i == 0 || p.records[i-1] != p.records[i]
	offset := p.batch.Records[p.records[i]].Offset
	if t.shard.Overdue(until, t.Config.Wave) > t.Config.Wave {
		if !first || offset%recordsPerTimer != 0 {
			return nil
		}
		_, err := t.fire(ctx, until, 1)
		return err
	}
	for {
		done, err := t.fire(ctx, until, t.Config.Timers)
		if done || err != nil {
			return err
		}
		if !first {
			continue
		}
		if err := t.bury(ctx, p.letters); err != nil {
			return err
		}
		p.letters = nil
		if err := t.commit(ctx, offset); err != nil {
			return err
		}
		// The commit made room in the cache, and may have dropped profiles
		// that the rest of the batch needs.
		if err := t.load(ctx, t.shard.Missing(nil, p.events[i:], t.Config.Timers)); err != nil {
			return err
		}
	}
}

// fire serves at most limit timers due at until. It reports whether none is
// left.
func (t *tenure) fire(ctx context.Context, until int64, limit int) (bool, error) {
	if err := t.load(ctx, t.shard.Due(nil, until, limit)); err != nil {
		return false, err
	}
	return t.shard.Fire(until, limit)
}
