package activation

import (
	"cmp"
	"context"
	"slices"
)

// again sends messages that are due, and reports whether more are due at once.
func (c *courier) again(ctx context.Context) (more bool, err error) {
	c.looked = c.now()
	found, err := c.find(ctx, Question{Due: c.now().UnixMilli(), Most: roundSize})
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
	more = len(due) == roundSize || s.next(c.now().UnixMilli()) || c.cut.Load()
	return more, c.save(ctx, s)
}
