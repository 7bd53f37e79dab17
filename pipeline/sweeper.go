package pipeline

import (
	"context"
	"fmt"

	"muster/rules"
)

// Census names the stored profiles of a Driver's shard, see Scanner.
type Census interface {
	Count(ctx context.Context) (profiles int64, buckets int, err error)
	Scan(ctx context.Context, bucket, limit int) (profiles []string, next int, err error)
}

// How much of a sweep is done at a time. A turn is some milliseconds: so long
// a record may have to wait for it. Where all rules are evaluated, a profile
// costs some ten times as much as where a few are.
const (
	sweepPart  = 256  // profiles a turn where changed segments are evaluated alone
	sweepWhole = 24   // profiles a turn where all are
	sweepMoves = 4000 // changes after which a turn ends and commits
	sweepScan  = 1000 // profile ids that are read ahead
)

// What a sweep may do behind a batch: one profile for so many of its records,
// and at least a sixteenth of a turn, so that a sweep always ends. It takes
// about a quarter of the time then, while records keep coming.
const (
	recordsPerPart  = 2
	recordsPerWhole = 20
)

// sweeper is how a Driver comes along with a sweep.
type sweeper struct {
	generation uint64     // that it is about
	set        *rules.Set // nil before the first
	queue      []string
	next       int   // bucket to go on from when the queue is empty
	profiles   int64 // stored when it began
	buckets    int
	looked     int64 // profiles since it began or went on
	behind     int64 // profiles in buckets before that, as estimated
}

// Sweep is how far a Driver's sweep is.
type Sweep struct {
	Generation uint64
	Profiles   int64 // to be looked at, as counted when it began or went on; 0 before that
	Looked     int64 // of these, those that have been; partly an estimate after a restart
	Done       bool
}

// Sweeping reports whether there are profiles to be looked at by Turn.
func (d *Driver) Sweeping() bool { return d.Census != nil && d.shard.sweeping() }

// Sweep returns how far the sweep is.
func (d *Driver) Sweep() Sweep {
	w := &d.sweeper
	if !d.Sweeping() {
		return Sweep{Generation: d.shard.generation, Profiles: w.profiles, Looked: w.profiles, Done: true}
	}
	if !d.counted() {
		return Sweep{Generation: d.shard.generation}
	}
	return Sweep{Generation: d.shard.generation, Profiles: w.profiles, Looked: min(w.behind+w.looked, w.profiles)}
}

// sweepBeside looks at some profiles behind a batch of records, unless other
// shards have all slots.
func (d *Driver) sweepBeside(ctx context.Context, records int) error {
	if !d.Sweeping() {
		return nil
	}
	if d.Slots != nil {
		select {
		case d.Slots <- struct{}{}:
			defer func() { <-d.Slots }()
		default:
			return nil
		}
	}
	limit, each := d.sweepLimit()
	_, err := d.sweepTurn(ctx, min(limit, max(limit/16, records/each)))
	return err
}

// sweepLimit is how many profiles a turn looks at, and for how many records
// one is looked at behind a batch.
func (d *Driver) sweepLimit() (limit, each int) {
	if d.shard.part != nil {
		return sweepPart, recordsPerPart
	}
	return sweepWhole, recordsPerWhole
}

// sweepTurn looks at some profiles. What follows is committed with the next
// commit, which it asks for by returning true.
func (d *Driver) sweepTurn(ctx context.Context, limit int) (bool, error) {
	if err := d.beginSweep(ctx); err != nil {
		return false, err
	}
	w := &d.sweeper
	if len(w.queue) == 0 && w.next < w.buckets {
		var err error
		if w.queue, w.next, err = d.Census.Scan(ctx, d.shard.bucket, sweepScan); err != nil {
			return false, fmt.Errorf("listing profiles from bucket %d on: %w", d.shard.bucket, err)
		}
	}
	n := min(d.atMost(limit), len(w.queue))
	if err := d.inspect(ctx, w.queue[:n]); err != nil {
		return false, err
	}
	if len(w.queue) > 0 {
		return d.shard.pending() > 0, nil
	}
	if d.shard.bucket = w.next; w.next >= w.buckets {
		d.shard.endSweep()
		return true, nil
	}
	return d.shard.pending() > 0, nil
}

// counted reports whether the sweep at hand has begun. Until then what the
// sweeper holds is of the sweep before.
func (d *Driver) counted() bool {
	return d.sweeper.generation == d.shard.generation && d.sweeper.set == d.shard.set
}

// beginSweep counts what there is to be done, once for every sweep.
func (d *Driver) beginSweep(ctx context.Context) error {
	if d.counted() {
		return nil
	}
	profiles, buckets, err := d.Census.Count(ctx)
	if err != nil {
		return fmt.Errorf("counting profiles: %w", err)
	}
	d.sweeper = sweeper{
		generation: d.shard.generation, set: d.shard.set, profiles: profiles, buckets: buckets, next: d.shard.bucket,
		behind: profiles * int64(d.shard.bucket) / int64(max(1, buckets)),
	}
	return nil
}

// inspect takes profiles off the queue and looks at them, until the list ends
// or enough has followed for one commit.
func (d *Driver) inspect(ctx context.Context, ids []string) error {
	w := &d.sweeper
	stored := d.wanted[:0]
	for _, id := range ids {
		if !d.shard.cache.has(id) {
			stored = append(stored, id)
		}
	}
	d.wanted = stored
	blobs, err := d.read(ctx, stored)
	if err != nil {
		return err
	}
	for _, id := range ids {
		w.queue = w.queue[1:]
		w.looked++
		if e := d.shard.cache.profiles[id]; e != nil {
			d.shard.refresh(e)
			d.shard.serveOverdue(e)
		} else {
			blob := blobs[0]
			blobs = blobs[1:]
			if blob == "" {
				continue
			}
			if err := d.shard.inspect(id, blob); err != nil {
				return err
			}
		}
		if len(d.shard.changes) >= sweepMoves {
			return nil
		}
	}
	return nil
}
