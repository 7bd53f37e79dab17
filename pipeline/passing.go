package pipeline

import "context"

// The passing of time in a Driver. A record waits for all timers due before
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

// Pass lets time move forward without a record, to an instant in milliseconds
// since 1970 UTC. Timers that are due by then are served by Turn.
func (d *Driver) Pass(until int64) { d.until = max(d.until, until) }

// Behind reports whether timers are due that are not served yet.
func (d *Driver) Behind() bool { return d.shard.collect(d.until, 0) > 0 }

// Overdue returns how many timers are due and not served yet; it stops
// counting beyond Config.Wave.
func (d *Driver) Overdue() int { return d.shard.collect(0, d.config.Wave) }

// Turn does some of what shares the owner's time with records, when there is
// none: it serves overdue timers, or else goes on with a sweep, and commits.
func (d *Driver) Turn(ctx context.Context) error {
	if !d.Behind() && d.Sweeping() {
		limit, _ := d.sweepLimit()
		if due, err := d.sweepTurn(ctx, limit); !due || err != nil {
			return err
		}
		return d.commit(ctx, d.next)
	}
	if _, err := d.fire(ctx, max(d.until, d.shard.clock), min(turnTimers, d.timers())); err != nil {
		return err
	}
	return d.commit(ctx, d.next)
}

// Advance serves every timer that is due at until, in milliseconds since 1970
// UTC, and moves the clock there unless it was ahead. It commits nothing.
func (d *Driver) Advance(ctx context.Context, until int64) error {
	for {
		if done, err := d.fire(ctx, until, d.config.Timers); done || err != nil {
			return err
		}
	}
}

// keepPace serves timers of a long wave behind a batch that leaves nothing to
// read: then there is time, though a small batch may always be waiting.
func (d *Driver) keepPace(ctx context.Context, f *Feed) error {
	if !f.Last || !d.swamped(0) {
		return nil
	}
	_, err := d.fire(ctx, d.shard.clock, min(turnTimers, d.timers()))
	return err
}

// swamped reports whether more timers are overdue at an instant than records
// wait for. Without a Port there are no waves: what waits costs no more later.
func (d *Driver) swamped(until int64) bool {
	return d.port != nil && d.shard.collect(until, d.config.Wave) > d.config.Wave
}

// timersOf is how many of the timers that a batch's records bring about are
// loaded with it. Without a Port all profiles are in memory.
func (d *Driver) timersOf(f *Feed) int {
	if d.port == nil {
		return 0
	}
	if d.swamped(0) {
		return len(f.Offsets)/recordsPerTimer + 1
	}
	return d.timers()
}

// advance serves the timers that the i-th event waits for. Their commits,
// should there be several, or one without room for the event, go with the
// offset still at the record at hand; in the middle of a record that holds
// several events there is none, because those before would be applied again
// after a crash.
func (d *Driver) advance(ctx context.Context, f *Feed, i int) error {
	until := f.Events[i].Arrival
	if d.port == nil {
		_, err := d.fire(ctx, until, d.config.Timers)
		return err
	}
	offset, first := f.offset(i)
	if d.swamped(until) {
		if !first || offset%recordsPerTimer != 0 {
			return nil
		}
		_, err := d.fire(ctx, until, 1)
		return err
	}
	for {
		done, err := d.fire(ctx, until, d.timers())
		if err != nil || done && (!first || !d.full()) {
			return err
		}
		if !first {
			continue
		}
		if err := d.commit(ctx, offset); err != nil {
			return err
		}
		// The commit made room in the cache, and may have dropped profiles
		// that the rest of the batch needs.
		if err := d.load(ctx, d.shard.missing(d.wanted[:0], f.Events[i:d.ahead], d.timers())); err != nil {
			return err
		}
	}
}

// fire serves at most limit timers due at until. It reports whether none is
// left.
func (d *Driver) fire(ctx context.Context, until int64, limit int) (bool, error) {
	if d.port != nil {
		if err := d.load(ctx, d.shard.due(d.wanted[:0], until, limit)); err != nil {
			return false, err
		}
	}
	return d.shard.fire(until, limit)
}
