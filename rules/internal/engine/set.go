package engine

import (
	"muster/catalogue"
	"muster/profile"
)

// Set is a set of rules that are known by their positions: rule n is
// about segment n, and behind all of them stand the conditions of held(...).
// A rule stands behind all that it mentions. It is immutable and may be used
// by any number of Matchers at once.
type Set struct {
	segments   int   // how many rules are those of segments
	rank       []int // of each segment's position in the order in which flips are told, nil when it is the position
	schema     *profile.Schema
	index      index
	listeners  listeners
	dependents map[int][]int // positions of the rules that mention a segment or condition, by its position
	timings    []timing      // by series
	ages       []int         // scales that move with the clock
	moments    []momentTest  // comparisons with the clock that have no scale
	tables     catalogue.Tables
}

// Schema is what profiles must keep for the rules.
func (s *Set) Schema() *profile.Schema { return s.schema }

// Positions is the number of segments and, behind them, of conditions.
func (s *Set) Positions() int { return s.segments + len(s.schema.Conditions) }

// Rule is a rule that a builder has taken in.
type Rule struct {
	root       *formula
	conditions int // how many conditions of held(...) were numbered once it was in
}

// Options are what rules can be built with. Rank is part of their meaning,
// the others change only their speed.
type Options struct {
	// Rank gives each segment's position its rank in the order in which flips
	// are told; nil when that is the order of positions.
	Rank []int
	// Draw gives profiles to learn from how often predicates hold, once it is
	// known what is kept of profiles; nil for none.
	Draw func(*profile.Schema) []*profile.Profile
	// Now is the stream time at which to look at them, ms since 1970 UTC.
	Now int64
}
