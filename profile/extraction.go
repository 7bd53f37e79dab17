package profile

import (
	"slices"

	"github.com/twmb/murmur3"

	"muster/event"
)

// RecentFrom returns the arrival (ms) behind which a run gives the events one
// by one, for a seam at an arrival: a day before it. What arrived so may come
// again behind the seam, and count as a repeat.
func RecentFrom(seam int64) int64 { return seam - repeatWindow }

// Extraction turns what an evaluation of history leaves of one profile into a
// Patch. Its calls are, in this order: Base, once all events are applied that
// arrived at RecentFrom of the seam or before; Recent, for each later event
// that arrived at the seam or before and was applied; and Patch.
type Extraction struct {
	schema     *Schema
	at         int64
	index      map[int]int // of Patch.series, by position in the schema
	conditions []int       // positions in the schema of those that the patch tells of
	patch      *Patch
}

// NewExtraction returns an extraction for the seam at an arrival (ms since
// 1970 UTC), of the series at these positions in the schema. The schema must
// be that of all rules in force, as others may keep more of the same series.
func NewExtraction(schema *Schema, series []int, at int64) *Extraction {
	x := &Extraction{schema: schema, at: at, index: make(map[int]int, len(series)), patch: &Patch{At: at}}
	for _, position := range slices.Compact(slices.Sorted(slices.Values(series))) {
		one := &schema.Series[position]
		x.index[position] = len(x.patch.series)
		x.patch.series = append(x.patch.series, patchSeries{name: NameOfSeries(one.Key), window: one.Window, newest: one.Newest})
	}
	return x
}

// Tell has the patch tell of the conditions at these positions in the schema.
// The profile that Patch gets must have been evaluated at every step of its
// history, up to the seam.
func (x *Extraction) Tell(conditions []int) { x.conditions = conditions }

// Base takes over the series of a profile, nil for one without events so far.
func (x *Extraction) Base(p *Profile) {
	for position, i := range x.index {
		pts := &points{}
		if p != nil {
			if own := p.find(x.schema, position); own != nil {
				pts = own
			}
		}
		x.patch.series[i].encoded = string(pts.append(nil))
	}
}

// Recent takes in an event that history has applied at stream time now, in ms.
func (x *Extraction) Recent(ev *event.Event, now int64) {
	one := recentEvent{applied: now, time: ev.Time}
	if ev.MessageID != "" {
		one.id = murmur3.StringSum64(ev.MessageID)
	}
	one.takes = x.schema.takesOf(ev, func(position int) (int, bool) {
		i, wanted := x.index[position]
		return i, wanted
	})
	if one.id != 0 || len(one.takes) > 0 {
		x.patch.recent = append(x.patch.recent, one)
	}
}

// Patch returns the patch, with what is not of series taken from the profile
// as it is when all events are applied; nil for one without any. It ends the
// extraction.
func (x *Extraction) Patch(p *Profile) *Patch {
	patch := x.patch
	x.patch = nil
	if p == nil || !p.known {
		return patch
	}
	patch.Exists, patch.FirstSeen, patch.LastSeen = true, p.FirstSeen, p.LastSeen
	patch.traits = Traits{leaves: p.Traits.copied()}
	patch.traits.append(nil) // encodes it: a patch is only read
	for i := range p.Groups {
		own := Group{ID: p.Groups[i].ID, Traits: Traits{leaves: p.Groups[i].Traits.copied()}}
		own.Traits.append(nil)
		patch.groups = append(patch.groups, own)
	}
	for _, condition := range x.conditions {
		since, is := p.Since(condition)
		patch.conditions = append(patch.conditions, patchCondition{NameOfCondition(x.schema.Conditions[condition]), is, since})
	}
	return patch
}
