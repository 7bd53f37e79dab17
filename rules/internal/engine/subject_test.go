package engine_test

import (
	"fmt"
	"slices"
	"testing"

	"muster/event"
	"muster/profile"
	"muster/rules"
	"muster/test/kit/ruleset"
)

// began is when a subject's time begins.
const began = 1_793_872_800_000 // 2026-11-05T10:00:00Z

// subject is a profile under a set, followed event by event and evaluated
// from scratch after each.
type subject struct {
	set         *rules.Set
	incremental *rules.Matcher
	full        *rules.Matcher
	profile     *profile.Profile
	limits      profile.Config
	clock       int64
	positions   []int // of the segments numbered so
}

func newSubject(set *rules.Set) *subject {
	s := &subject{
		set: set, incremental: rules.NewMatcher(set), full: rules.NewMatcher(set),
		profile: profile.New("p"), limits: profile.Default(), clock: began,
	}
	s.incremental.Full(s.profile, s.clock)
	return s
}

// put gives the profile a trait; a missing value takes it away. The flips
// must be each segment's once, be what changes the memberships, and leave
// nothing to do for an evaluation from scratch.
func (s *subject) put(t *testing.T, trait string, v event.Value) []rules.Flip {
	t.Helper()
	s.clock++
	ev := event.Event{
		Type: event.Identify, Profile: "p", Time: s.clock, Arrival: s.clock,
		Body: event.ObjectOf([]event.Value{event.StringOf(trait), v}),
	}
	before := slices.Clone(s.profile.Members)
	flips, changed := s.apply(&ev)
	if changed == nil {
		t.Fatalf("%s was not applied", trait)
	}
	for _, f := range flips {
		if before.Has(f.Position) == f.Entered {
			t.Fatalf("%s = %s: %s flips to what it was", trait, spell(v), s.set.Segment(f.Position).ID)
		}
		before.Set(f.Position, f.Entered)
	}
	if !slices.Equal(before, s.profile.Members) {
		t.Fatalf("%s = %s: the flips are not what changed", trait, spell(v))
	}
	s.compare(t)
	return flips
}

// apply gives the profile an event, and returns the flips and what changed:
// nil if the event was not applied.
func (s *subject) apply(ev *event.Event) ([]rules.Flip, *profile.Changed) {
	s.incremental.Prepare(s.profile, s.clock)
	var changed profile.Changed
	if s.profile.Apply(s.set.Schema(), &s.limits, ev, s.clock, &changed) != profile.Applied {
		return nil, nil
	}
	return s.incremental.Update(s.profile, &changed, s.clock), &changed
}

// compare evaluates a copy of the profile from scratch.
func (s *subject) compare(t *testing.T) {
	t.Helper()
	copied := *s.profile
	copied.Members, copied.Derived = slices.Clone(s.profile.Members), nil
	for _, f := range s.full.Full(&copied, s.clock) {
		t.Fatalf("at %d, from scratch, being in %s is %t", s.clock, s.set.Segment(f.Position).Rule, f.Entered)
	}
}

// expect demands of every segment what want says of it; ids are those of
// numbered.
func (s *subject) expect(t *testing.T, of string, want func(i int) bool) {
	t.Helper()
	if s.positions == nil {
		s.findPositions(t)
	}
	for i, position := range s.positions {
		if in := s.profile.Members.Has(position); in != want(i) {
			t.Fatalf("%s: being in %s is %t: %s", of, numbered(i), in, s.set.Segment(position).Rule)
		}
	}
}

func (s *subject) findPositions(t *testing.T) {
	t.Helper()
	for i := range s.set.Len() {
		position, ok := s.set.Position(numbered(i))
		if !ok {
			t.Fatalf("there is no %s", numbered(i))
		}
		s.positions = append(s.positions, position)
	}
}

func numbered(i int) string { return fmt.Sprintf("s%06d", i) }

// compileNumbered compiles n rules.
func compileNumbered(t *testing.T, n int, rule func(i int) string) *rules.Set {
	t.Helper()
	texts := make(map[string]string, n)
	for i := range n {
		texts[numbered(i)] = rule(i)
	}
	return ruleset.Compile(t, texts)
}

func spell(v event.Value) string {
	switch v.Kind() {
	case event.KindNumber:
		return fmt.Sprint(v.Number())
	case event.KindString:
		return v.Text()
	}
	return v.Kind().String()
}

func number(f float64) event.Value { return event.NumberOf(f) }
func text(s string) event.Value    { return event.StringOf(s) }
