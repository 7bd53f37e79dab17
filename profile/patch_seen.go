package profile

import (
	"cmp"
	"slices"
)

// times returns when which ids were applied.
func (s *seen) times() map[uint64][]int64 {
	known := make(map[uint64][]int64, s.count)
	s.each(func(id uint64, at int64) { known[id] = append(known[id], at) })
	return known
}

// mergeSeen remembers the ids of history's recent events that the profile has
// not applied itself, so that a repeat that comes from now on is recognised.
func (p *Profile) mergeSeen(cfg *Config, patch *Patch, across *seen, now int64) {
	type sighting struct {
		id uint64
		at int64
	}
	own, behind := p.seen.times(), across.times()
	var all []sighting
	p.seen.each(func(id uint64, at int64) { all = append(all, sighting{id, at}) })
	count := len(all)
	for i := range patch.recent {
		one := &patch.recent[i]
		if one.id != 0 && one.applied > now-repeatWindow && !one.repeats(own) && !one.repeats(behind) {
			all = append(all, sighting{one.id, one.applied})
		}
	}
	if len(all) == count {
		return
	}
	slices.SortStableFunc(all, func(a, b sighting) int { return cmp.Compare(a.at, b.at) })
	p.seen = seen{}
	for _, one := range all[max(0, len(all)-cfg.MessageIDs):] {
		p.seen.note(one.id, one.at)
	}
}
