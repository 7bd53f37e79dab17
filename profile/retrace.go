package profile

import (
	"fmt"

	"muster/event"
)

// Retracing is a profile on its way from the seam of a run to the present, as
// it would have gone if the shard had known its history: since when its
// conditions of held(...) are true depends on the whole way, and not on where
// it ends.
type Retracing struct {
	// Profile stands at the seam at first, with the conditions that history
	// tells of. It is nobody else's, is in no segment yet, and has only the
	// series that the run gives.
	Profile *Profile

	journal []entry // what is still to come
}

// Retrace returns the way that a profile has to be taken again before a patch
// is merged. It is nil where the patch tells of no condition that the run
// gives, and where the profile has got it already. An error says why nobody
// can tell the way. Segments is how many segments the rule set has: the
// conditions stand behind them in Members. Check must have found the patch
// right.
func (p *Profile) Retrace(schema *Schema, cfg *Config, segments int, seam *Seam, patch *Patch) (*Retracing, error) {
	own := p.shadowOf(seam)
	switch {
	case len(seam.conditions) == 0 || len(patch.conditions) == 0 || own != nil && own.told:
		return nil, nil
	case own != nil && own.lost:
		return nil, fmt.Errorf("since when conditions of held(...) are true can't be told of this profile: "+
			"its events behind the seam of run %q take more than pipeline.profiles.state_bytes, which is %d: raise it, and begin another run",
			seam.Run, cfg.StateBytes)
	}
	way := &Retracing{Profile: patch.profile(schema, cfg, segments, seam, p.ID)}
	if own == nil {
		return way, nil
	}
	known := patch.recentTimes()
	for i := range own.journal {
		if one := &own.journal[i]; !one.repeats(known) {
			way.journal = append(way.journal, *one)
		}
	}
	return way, nil
}

// Next returns the stream time (ms) of the next event behind the seam, false
// where there is none.
func (w *Retracing) Next() (at int64, ok bool) {
	if len(w.journal) == 0 {
		return 0, false
	}
	return w.journal[0].applied, true
}

// Step applies the next event, and adds to changed what it changed. It
// reports false where a bound of the profile refuses it.
func (w *Retracing) Step(schema *Schema, cfg *Config, changed *Changed) bool {
	p, one := w.Profile, &w.journal[0]
	w.journal = w.journal[1:]
	ev := &event.Event{Time: one.time, GroupID: one.group, Body: decodeValue(one.body)}
	switch one.kind {
	case entryTraits:
		if !p.applyTraits(schema, cfg, ev, changed) {
			return false
		}
	case entryGroup:
		if p.applyGroup(cfg, ev, changed) != Applied {
			return false
		}
	}
	if one.time < p.FirstSeen {
		p.FirstSeen, changed.FirstSeen = one.time, true
	}
	if one.time > p.LastSeen {
		p.LastSeen, changed.LastSeen = one.time, true
	}
	for _, t := range one.takes {
		pts := p.change(schema, t.series)
		before := pts.blobBytes()
		pts.addTake(&schema.Series[t.series], one.time, t, one.applied, cfg)
		p.stateBytes += pts.blobBytes() - before
		changed.Series = append(changed.Series, t.series)
	}
	if p.stateBytes > cfg.StateBytes {
		p.relieve(&relief{schema: schema, bound: cfg.StateBytes}, one.applied, changed)
	}
	return true
}

// profile is what history knows of a profile at the seam.
func (patch *Patch) profile(schema *Schema, cfg *Config, segments int, seam *Seam, id string) *Profile {
	p := New(id)
	p.known, p.FirstSeen, p.LastSeen = patch.Exists, patch.FirstSeen, patch.LastSeen
	p.Traits = Traits{leaves: patch.traits.copied()}
	for i := range patch.groups {
		p.Groups = append(p.Groups, Group{ID: patch.groups[i].ID, Traits: Traits{leaves: patch.groups[i].Traits.copied()}})
	}
	positions := make([]int, len(patch.series))
	for i := range patch.series {
		positions[i] = absent
		if position, covered := seam.covered[patch.series[i].name]; covered {
			positions[i] = position
		}
	}
	for _, pts := range patch.brought(schema, cfg, positions, &seen{}, patch.At) {
		if pts != nil {
			p.replace(schema, pts)
		}
	}
	for _, c := range patch.conditions {
		if condition, covered := seam.conditions[c.name]; covered && c.true {
			p.Hold(condition, c.since)
			p.Members.Set(segments+condition, true)
		}
	}
	return p
}

// recentTimes returns when history has applied which ids, of the last day
// before the seam.
func (patch *Patch) recentTimes() map[uint64][]int64 {
	known := make(map[uint64][]int64, len(patch.recent))
	for i := range patch.recent {
		known[patch.recent[i].id] = append(known[patch.recent[i].id], patch.recent[i].applied)
	}
	return known
}

// MergeHeld takes over since when the conditions that a run tells of are true,
// from the profile of a Retracing that has come to the present. It comes behind
// Merge, and once for each run: afterwards Retrace gives no way. Every rule
// is to be evaluated then.
func (p *Profile) MergeHeld(segments int, seam *Seam, patch *Patch, from *Profile) {
	for _, c := range patch.conditions {
		condition, covered := seam.conditions[c.name]
		if !covered {
			continue
		}
		since, is := from.Since(condition)
		if p.Release(condition); is {
			p.Hold(condition, since)
		}
		p.Members.Set(segments+condition, is)
	}
	own := p.makeShadow(seam)
	own.leaveJournal()
	own.told = true
}
