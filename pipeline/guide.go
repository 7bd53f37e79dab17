package pipeline

import (
	"context"

	"muster/directive"
)

// patchTurn is how many patches are merged before a commit, and loaded at a
// time. Events behind them in a batch wait for so many more at most, and
// those before them are committed with so many at most. How many come at all
// is up to who publishes them.
const patchTurn = 256

// Directed is a directive in its place in a batch.
type Directed struct {
	Before    int   // index of the event that it comes before; the number of events for behind all
	Offset    int64 // of its record
	Arrival   int64 // ms since 1970 UTC, 0 for unknown
	Directive directive.Directive

	record Record
}

// guide does what the directives before an event ask for.
func (d *Driver) guide(ctx context.Context, f *Feed, event int) error {
	for ; d.guided < len(f.Directives) && f.Directives[d.guided].Before <= event; d.guided++ {
		if err := d.follow(ctx, f, event); err != nil {
			return err
		}
	}
	return nil
}

// follow does what the next directive asks for.
func (d *Driver) follow(ctx context.Context, f *Feed, event int) error {
	one := &f.Directives[d.guided]
	if d.shard.pending() >= d.atMost(patchTurn) && d.port != nil {
		if err := d.commit(ctx, one.Offset); err != nil {
			return err
		}
		d.ahead = event // the commit may have dropped what was loaded
	}
	switch one.Directive.Kind {
	case directive.Open:
		if err := d.serveDue(ctx, one); err != nil {
			return err
		}
		d.ahead = event
	case directive.Erase:
		if err := d.serveDue(ctx, one); err != nil {
			return err
		}
		d.ahead = event
		if err := d.loadOne(ctx, one.Directive.Profile); err != nil {
			return err
		}
	case directive.Patch:
		if err := d.loadPatched(ctx, f); err != nil {
			return err
		}
	}
	refusal, err := d.shard.direct(&one.Directive, one.Arrival)
	if err == nil && d.Directed != nil {
		d.Directed(d.guided, refusal)
	}
	return err
}

// Direct serves the timers that are due before a directive and does what it
// asks for; refusal says why it can't, "" if it can. Like Apply it commits
// nothing.
func (d *Driver) Direct(ctx context.Context, one *directive.Directive, arrival int64) (refusal string, err error) {
	if err := d.Advance(ctx, arrival); err != nil {
		return "", err
	}
	if one.HasProfile() {
		if err := d.loadOne(ctx, one.Profile); err != nil {
			return "", err
		}
	}
	return d.shard.direct(one, arrival)
}

// loadOne makes sure that a profile is in memory.
func (d *Driver) loadOne(ctx context.Context, id string) error {
	if d.shard.cache.has(id) {
		return nil
	}
	return d.load(ctx, append(d.wanted[:0], id))
}

// serveDue serves the timers that are due before a directive that moves the
// clock. Behind a wave it waits for none, as a record.
func (d *Driver) serveDue(ctx context.Context, one *Directed) error {
	for !d.swamped(one.Arrival) {
		done, err := d.fire(ctx, one.Arrival, d.timers())
		if done || err != nil {
			return err
		}
		if err := d.commit(ctx, one.Offset); err != nil {
			return err
		}
	}
	return nil
}

// loadPatched makes sure that the profile of the next patch is in memory, and
// loads those of the patches behind it with it.
func (d *Driver) loadPatched(ctx context.Context, f *Feed) error {
	if d.shard.cache.has(f.Directives[d.guided].Directive.Profile) {
		return nil
	}
	ids, wanted := d.wanted[:0], map[string]bool{}
	for i := d.guided; i < len(f.Directives) && len(ids) < d.atMost(patchTurn); i++ {
		one := &f.Directives[i].Directive
		if one.Kind == directive.Patch && !d.shard.cache.has(one.Profile) && !wanted[one.Profile] {
			ids, wanted[one.Profile] = append(ids, one.Profile), true
		}
	}
	return d.load(ctx, ids)
}
