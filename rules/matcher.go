package rules

import "muster/rules/internal/engine"

// MaxSegments is the number of segments that a Set can have, the different
// conditions of held(...) in their rules included.
const MaxSegments = engine.MaxSegments

// Matcher is one goroutine's scratch space for a Set. It writes the flips it
// finds into the profile's Members and returns them in order of segment ids;
// the slice is valid until the next call.
//
// What a Matcher keeps of a profile, its State, hangs on the profile in
// memory. It must be there before an event changes the profile: call Prepare,
// then apply the event, then Update.
type Matcher = engine.Matcher

// Flip is a membership that changed.
type Flip = engine.Flip

// State is what a Matcher keeps of a profile in memory. It belongs to one
// Set.
type State = engine.State

// NewMatcher returns a Matcher for s.
func NewMatcher(s *Set) *Matcher { return engine.NewMatcher(s.compiled) }
