package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/directive"
	"muster/event"
	"muster/profile"
	"muster/rules"
)

// Past evaluates the history of one profile after the other, and makes a patch
// of each: of the series that some segments read, and of what arrived at a
// seam or before. It applies events as a Shard does. Rules are evaluated only
// where one of the segments uses held(...): since when its condition is true is
// told by the whole way up to the seam. It is used by one goroutine.
//
// The trap: it needs all rules in force and not those of the segments alone,
// as other rules may keep more of the same series.
type Past struct {
	schema *profile.Schema
	limits profile.Config
	series []int // positions in the schema, ascending
	// conditions are positions in the schema of those that the patches tell of,
	// ascending.
	conditions []int

	profile    *profile.Profile
	extraction *profile.Extraction
	seam       int64
	clock      int64 // latest arrival of the profile
	changed    profile.Changed
	follower   follower // of the profile; without conditions it has no matcher
	based      bool     // whether an event of the last day before the seam has come
}

// NewPast returns the Past of some segments of a rule set, those that are in
// force where the patches go. The limits are pipeline.profiles of there. It
// fails for a segment that the set does not have.
func NewPast(set *rules.Set, limits profile.Config, segments []string) (*Past, error) {
	if err := limits.Validate(); err != nil {
		return nil, fmt.Errorf("evaluating history: %w", err)
	}
	past := &Past{schema: set.Schema(), limits: limits}
	var problems []error
	wanted, asked := map[string]bool{}, map[string]bool{}
	for _, id := range segments {
		position, ok := set.Position(id)
		if !ok {
			problems = append(problems, fmt.Errorf("there is no segment %q", id))
			continue
		}
		for _, key := range set.SeriesOf(position) {
			wanted[key] = true
		}
		for _, key := range set.ConditionsOf(position) {
			asked[key] = true
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("evaluating history: %w", err)
	}
	for i := range past.schema.Series {
		if wanted[past.schema.Series[i].Key] {
			past.series = append(past.series, i)
		}
	}
	for i, key := range past.schema.Conditions {
		if asked[key] {
			past.conditions = append(past.conditions, i)
		}
	}
	if len(past.conditions) > 0 {
		past.follower.matcher = standard(set)
	}
	return past, nil
}

// Series are the names of the series that the patches hold and of the
// conditions that they tell of, in ascending order: what the directive that opens
// the seams has to name.
func (h *Past) Series() []string {
	names := make([]string, 0, len(h.series))
	for _, position := range h.series {
		names = append(names, profile.NameOfSeries(h.schema.Series[position].Key))
	}
	for _, condition := range h.conditions {
		names = append(names, profile.NameOfCondition(h.schema.Conditions[condition]))
	}
	slices.Sort(names)
	return names
}

// Begin begins the next profile, for the seam of its shard: an arrival in ms
// since 1970 UTC, see Seam.
func (h *Past) Begin(id string, seam int64) {
	h.profile, h.seam, h.clock, h.based = profile.New(strings.Clone(id)), seam, 0, false
	h.extraction = profile.NewExtraction(h.schema, h.series, seam)
	h.extraction.Tell(h.conditions)
	if h.follows() {
		h.follower.follow(h.profile, 0)
	}
}

// follows reports whether rules are evaluated along the way.
func (h *Past) follows() bool { return h.follower.matcher != nil }

// Take applies the next event of the profile; nothing of it is kept but
// copies. Events come in order of arrival. What arrived behind the seam is
// the shard's, and left out.
func (h *Past) Take(ev *event.Event) (profile.Outcome, error) {
	switch {
	case ev.Profile != h.profile.ID:
		return 0, fmt.Errorf("evaluating the history of profile %q: an event of %q", h.profile.ID, ev.Profile)
	case ev.Arrival > h.seam:
		return profile.Applied, nil
	case ev.Arrival < h.clock:
		return 0, fmt.Errorf("evaluating the history of profile %q: an event that arrived at %d comes behind one of %d: sort them by arrival",
			h.profile.ID, ev.Arrival, h.clock)
	}
	recent := ev.Arrival > profile.RecentFrom(h.seam)
	if recent && !h.based {
		h.extraction.Base(h.profile)
		h.based = true
	}
	h.clock = ev.Arrival
	outcome := h.apply(ev)
	if recent && outcome == profile.Applied {
		h.extraction.Recent(ev, h.clock)
	}
	return outcome, nil
}

// apply applies an event, and evaluates what it changes where that is needed.
func (h *Past) apply(ev *event.Event) (outcome profile.Outcome) {
	if !h.follows() {
		h.changed.Reset()
		return h.profile.Apply(h.schema, &h.limits, ev, h.clock, &h.changed)
	}
	h.follower.step(h.clock, h.follower.matcher.Concerns(ev), func(changed *profile.Changed) bool {
		outcome = h.profile.Apply(h.schema, &h.limits, ev, h.clock, changed)
		return outcome == profile.Applied
	})
	return outcome
}

// Patch ends the profile and returns the directive that brings its patch to
// the shard. Of a profile without events there is none, and ok is false.
func (h *Past) Patch(run string) (d directive.Directive, ok bool) {
	if !h.based {
		h.extraction.Base(h.profile)
	}
	if !h.profile.Exists() {
		return directive.Directive{}, false
	}
	if h.follows() {
		h.follower.pass(h.seam)
	}
	body := h.extraction.Patch(h.profile).Append(nil)
	return directive.Directive{Kind: directive.Patch, Run: run, Profile: h.profile.ID, Body: body}, true
}
