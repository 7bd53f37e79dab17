package profile

import (
	"errors"
	"fmt"
	"slices"

	"muster/event"
)

// Patch is what a run has computed of one profile's history, up to a seam: the
// points of series, and what is not of series. It is immutable; an Extraction
// makes it, and Seam.Check tells whether it fits before it is merged.
type Patch struct {
	At                  int64 // arrival up to which history was read, that of the seam; ms since 1970 UTC
	FirstSeen, LastSeen int64 // event times, ms
	Exists              bool  // whether history has any event of the profile

	traits Traits
	groups []Group
	series []patchSeries
	recent []recentEvent
	// conditions are all those of held(...) that the run tells of.
	conditions []patchCondition
}

// patchSeries is the state of a series a day before the seam, with as much as
// the run's rule set keeps of it.
type patchSeries struct {
	name    string // see NameOfSeries
	window  int64
	newest  int
	encoded string // points as they are stored
}

// patchCondition is a condition of held(...) at the seam.
type patchCondition struct {
	name  string // see NameOfCondition
	true  bool
	since int64 // stream time of history since when it is true, ms; 0 where it is not
}

// recentEvent is an event of the day before the seam, or later: one that the
// shard may have taken in under the same id. It stands for itself, so that it
// can be left out.
type recentEvent struct {
	id      uint64 // as seen remembers it, 0 for an event without one
	applied int64  // clock at which history applied it, ms
	time    int64  // event time, ms
	takes   []take
}

// take is what an event is to one series of the patch.
type take struct {
	series int // index of Patch.series
	set    uint8
	value  string // encoded, "" where the series keeps none
}

// Check tells why a patch can't be merged across a seam, and nil if it can.
func (seam *Seam) Check(patch *Patch, schema *Schema) error {
	switch {
	case !patch.Exists:
		return errors.New("the patch is of no event")
	case patch.At != seam.At:
		return fmt.Errorf("the patch was made for a seam at %d, and that of run %q is at %d: make it anew", patch.At, seam.Run, seam.At)
	}
	for i := range patch.series {
		if err := seam.checkSeries(&patch.series[i], schema); err != nil {
			return err
		}
	}
	for i := range patch.conditions {
		name := patch.conditions[i].name
		if _, covered := seam.conditions[name]; !covered && schema.asks(name) {
			return fmt.Errorf("condition %s of held(...) is none that run %q tells of: the rules have changed, begin another run", name, seam.Run)
		}
	}
	return nil
}

// asks reports whether a condition of this name is in the schema.
func (s *Schema) asks(name string) bool {
	return slices.ContainsFunc(s.Conditions, func(key string) bool { return NameOfCondition(key) == name })
}

func (seam *Seam) checkSeries(one *patchSeries, schema *Schema) error {
	position, covered := seam.covered[one.name]
	if !covered {
		if schema.reads(one.name) {
			return fmt.Errorf("series %s is none that run %q gives: the rules have changed, begin another run", one.name, seam.Run)
		}
		return nil // no rule asks for it any more
	}
	own := &schema.Series[position]
	if one.window < own.Window || one.newest != 0 && (own.Newest == 0 || one.newest < own.Newest) {
		return fmt.Errorf("series %s was evaluated for a shorter window than the rules in force have: evaluate with all of them", one.name)
	}
	if _, ok := one.points(own); !ok {
		return fmt.Errorf("series %s is damaged: %w", one.name, errValue)
	}
	return nil
}

// reads reports whether a series of this name is in the schema.
func (s *Schema) reads(name string) bool {
	return slices.ContainsFunc(s.Series, func(one Series) bool { return NameOfSeries(one.Key) == name })
}

// points decodes the points of a series, false for those that are not of its
// kind. They are nobody else's.
func (one *patchSeries) points(s *Series) (*points, bool) {
	r, pts := reader{blob: one.encoded}, &points{}
	r.points(pts)
	switch {
	case r.err != nil || r.left() > 0:
		return nil, false
	case pts.none():
		return &points{}, true
	case s.Keep.Ordered():
		return pts, pts.ordered(s)
	}
	return pts, pts.fits(s.Keep)
}

// none reports whether the columns are all empty, as those of a series that
// has no event.
func (p *points) none() bool { return len(p.times)+len(p.nums)+len(p.vals)+len(p.lumps) == 0 }

// Merge brings in what history has of the profile, at stream time now (ms),
// and adds to changed what it changed. A series of the patch becomes what
// history has of it and what arrived behind the seam; what the profile kept of
// it besides is given up, so that nothing counts twice. Traits and groups
// merge by event time; of equal times the profile's own stay. It happens once
// for each run and series: a patch that comes again changes nothing, and Merge
// returns false. The seam must be open, and Check must have found the patch
// right.
func (p *Profile) Merge(schema *Schema, cfg *Config, seam *Seam, patch *Patch, now int64, changed *Changed) bool {
	own := p.makeShadow(seam)
	todo, fresh := own.todo(seam, patch)
	if fresh {
		p.mergeSeries(schema, cfg, own, patch.brought(schema, cfg, todo, &own.after.seen, now), now, changed)
	}
	merged := p.mergeTraits(schema, cfg, &patch.traits, changed) || fresh
	merged = p.mergeGroups(cfg, patch.groups, changed) || merged
	merged = p.mergeTimes(patch, changed) || merged
	if merged {
		p.mergeSeen(cfg, patch, &own.after.seen, now)
	}
	return merged
}

// todo gives for every series of the patch its position in the schema, absent
// for one that is not to be merged, and tells whether any is.
func (s *shadow) todo(seam *Seam, patch *Patch) (positions []int, fresh bool) {
	for i := range patch.series {
		position, covered := seam.covered[patch.series[i].name]
		if covered && !slices.Contains(s.done, position) {
			positions, fresh = append(positions, position), true
		} else {
			positions = append(positions, absent)
		}
	}
	return positions, fresh
}

// brought returns what history has of the series at these positions, those of
// its recent events included that the shard has not taken in itself.
func (patch *Patch) brought(schema *Schema, cfg *Config, positions []int, across *seen, now int64) []*points {
	list := make([]*points, len(positions))
	for i, position := range positions {
		if position != absent {
			list[i], _ = patch.series[i].points(&schema.Series[position])
			list[i].series = position
		}
	}
	known := across.times()
	for i := range patch.recent {
		one := &patch.recent[i]
		if one.repeats(known) {
			continue
		}
		for _, t := range one.takes {
			if pts := list[t.series]; pts != nil {
				pts.addTake(&schema.Series[pts.series], one.time, t, now, cfg)
			}
		}
	}
	return list
}

// repeats reports whether the shard has applied the event or a repeat of it,
// given when it applied which ids.
func (e *recentEvent) repeats(known map[uint64][]int64) bool {
	return slices.ContainsFunc(known[e.id], func(at int64) bool {
		return e.id != 0 && at < e.applied+repeatWindow && at > e.applied-repeatWindow
	})
}

// addTake takes in what an event is to the series.
func (p *points) addTake(s *Series, at int64, t take, now int64, cfg *Config) {
	one := *s
	one.Project = func(*event.Event) event.Value { return decodeValue(t.value) }
	if ev := (&event.Event{Time: at}); s.Spread {
		var fresh []novelty
		p.addSpread(&one, ev, now, cfg, &fresh)
	} else {
		p.add(&one, ev, t.set, now, cfg)
	}
}

// mergeSeries puts history and what arrived behind the seam in the place of
// what the profile kept of series, as far as history has brought them.
func (p *Profile) mergeSeries(schema *Schema, cfg *Config, own *shadow, brought []*points, now int64, changed *Changed) {
	for _, pts := range brought {
		if pts == nil {
			continue
		}
		position := pts.series
		pts.combine(&schema.Series[position], own.after.find(schema, position), now, cfg)
		pts.series = position
		p.replace(schema, pts)
		own.after.drop(schema, position)
		own.done = append(own.done, position)
		changed.Series = append(changed.Series, position)
	}
	slices.Sort(own.done)
	if p.stateBytes > cfg.StateBytes {
		p.relieve(&relief{schema: schema, bound: cfg.StateBytes}, now, changed)
		p.refuseMerged(schema, brought, cfg.StateBytes)
	}
}

// replace puts points in the place of those of their series. Of a series
// without any event nothing is kept.
func (p *Profile) replace(s *Schema, pts *points) {
	if pts.empty() {
		p.drop(s, pts.series)
		return
	}
	old := p.change(s, pts.series)
	p.stateBytes += pts.blobBytes() - old.blobBytes()
	*old = *pts
}

// drop forgets a series.
func (p *Profile) drop(s *Schema, series int) {
	if i, found := p.indexOf(series); found {
		p.stateBytes -= p.decoded(&p.kept[i], s).blobBytes()
		p.kept = slices.Delete(p.kept, i, i+1)
	}
}

// refuseMerged gives up distinct values of all time that were merged, those
// that stand last, until the series are within their bound.
func (p *Profile) refuseMerged(schema *Schema, brought []*points, bound int) {
	for _, pts := range brought {
		if pts == nil || len(pts.times) > 0 || len(pts.vals) == 0 {
			continue // only such a total has values without times
		}
		own := p.change(schema, pts.series)
		p.stateBytes -= own.blobBytes()
		over := p.stateBytes + own.blobBytes() - bound
		for n := len(own.vals); n > 0 && over > 0; n = len(own.vals) {
			over -= bytesPerLength + len(own.vals[n-1])
			own.text -= len(own.vals[n-1])
			own.vals = own.vals[:n-1]
		}
		p.stateBytes += own.blobBytes()
	}
}

// mergeTimes takes over when history saw the profile first and last.
func (p *Profile) mergeTimes(patch *Patch, changed *Changed) bool {
	if first := !p.known || patch.FirstSeen < p.FirstSeen; first {
		p.FirstSeen, changed.FirstSeen = patch.FirstSeen, true
	}
	if last := !p.known || patch.LastSeen > p.LastSeen; last {
		p.LastSeen, changed.LastSeen = patch.LastSeen, true
	}
	p.known = true
	return changed.FirstSeen || changed.LastSeen
}
