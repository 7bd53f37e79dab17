package pipeline

import (
	"container/heap"
	"context"
	"fmt"
)

// Restart goes on as a new Driver of the same rule set would, whose clock
// stands at an instant, in milliseconds since 1970 UTC, and whose shard has
// these timers. It is for who feeds one profile after the other, each through
// all of its time, and spares making a Driver for each. Everything must be
// committed, and what was not is an error; without a Port it is forgotten.
func (d *Driver) Restart(clock int64, timers []Timer) error {
	if n := d.shard.pending(); n > 0 && d.port != nil {
		return fmt.Errorf("restarting a driver: %d profiles are not committed", n)
	}
	d.shard.restart(clock, timers)
	d.until, d.ahead = clock, 0
	return nil
}

// Evaluate evaluates all rules of a profile at the clock, whether anything has
// changed or not. It commits nothing.
func (d *Driver) Evaluate(ctx context.Context, id string) error {
	if !d.shard.cache.has(id) {
		if err := d.load(ctx, append(d.wanted[:0], id)); err != nil {
			return err
		}
	}
	d.shard.reevaluate(d.shard.cache.get(id))
	return nil
}

// restart forgets all profiles and timers.
func (s *Shard) restart(clock int64, timers []Timer) {
	s.takeChanges()
	s.cache.clear()
	s.timers.reset(timers)
	s.clock = clock
}

// reevaluate evaluates all rules of a profile that exists.
func (s *Shard) reevaluate(e *cached) {
	if e.profile.Exists() {
		e.profile.Generation = s.generation - 1 // so that all rules are evaluated
		s.evaluate(e, s.clock, CauseTime, nil)
	}
}

// clear drops all profiles, without looking whether they are dirty.
func (c *cache) clear() {
	for _, e := range c.profiles {
		e.prev, e.next = nil, nil
	}
	clear(c.profiles)
	c.root.prev, c.root.next = &c.root, &c.root
	c.bytes = 0
}

// reset takes other timers in place of all that there are.
func (t *timers) reset(stored []Timer) {
	clear(t.of)
	clear(t.overdue)
	clear(t.waiting)
	clear(t.list)
	t.overdue, t.waiting, t.reached = t.overdue[:0], t.waiting[:0], 0
	for _, s := range stored {
		d := &deadline{Timer: s, index: len(t.waiting)}
		t.of[s.Profile] = d
		t.waiting = append(t.waiting, d)
	}
	heap.Init(&t.waiting)
}
