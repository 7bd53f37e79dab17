package activation

import (
	"cmp"
	"context"
	"slices"
)

// again sends messages that are due, and reports whether more are due at once.
func (c *courier) again(ctx context.Context) (more bool, err error) {
	c.looked = c.now()
	most := c.portion()
	found, err := c.find(ctx, Question{Due: c.now().UnixMilli(), Most: most})
	if err != nil || len(found.Due) == 0 {
		return false, err
	}
	due := found.Due
	parcels := make([]*parcel, len(due))
	var changes []Change
	for i, w := range due {
		if parcels[i], err = decode(w); err != nil {
			return false, err
		}
		changes = append(changes, parcels[i].changes...)
	}
	blocked, err := c.heldBack(ctx, profilesOf(changes))
	if err != nil {
		return false, err
	}
	s := newSteps(c.standing, blocked.Held)
	slices.SortFunc(parcels, func(a, b *parcel) int { return cmp.Compare(a.number, b.number) })
	lanes := make([][]*parcel, len(parcels))
	for i, p := range parcels {
		s.take(p)
		lanes[i] = parcels[i : i+1]
	}
	if err := c.sendAll(ctx, lanes, s); err != nil {
		return false, err
	}
	c.adapt(len(due))
	more = len(due) == most || s.next(c.now().UnixMilli()) || c.cut.Load()
	return more, c.save(ctx, s)
}

// portion is how many messages are read to be sent again: as many as a round
// can send, so that those of a slow destination are not read over and over.
func (c *courier) portion() int {
	if c.share == 0 {
		return roundSize
	}
	return c.share
}

// adapt goes by what has become of a portion. Twice as much as could be tried
// lets it grow again.
func (c *courier) adapt(read int) {
	switch {
	case c.cut.Load():
		c.share = min(roundSize, max(2*int(c.tried.Load()), 2*c.concurrency))
	case read == c.portion():
		c.share = min(roundSize, 2*c.portion())
	}
}
