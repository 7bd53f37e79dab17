package rules

import (
	"math/bits"
	"slices"

	"muster/profile"
)

// Flip is a membership that changed.
type Flip struct {
	Position int // of the segment in the Set
	Entered  bool
}

// Matcher is one goroutine's scratch space for a Set. It writes the flips it
// finds into the profile's Members and returns them in order of segment ids;
// the slice is valid until the next call.
type Matcher struct {
	set    *Set
	env    env
	marked []uint64 // positions to evaluate
	flips  []Flip
}

// NewMatcher returns a Matcher for s.
func NewMatcher(s *Set) *Matcher {
	return &Matcher{set: s, env: env{set: s}, marked: make([]uint64, (s.Len()+63)/64)}
}

// Update evaluates the rules that look at something an event changed, at
// stream time now. Every deadline up to now must have been woken before, so
// nothing else can have flipped.
func (m *Matcher) Update(p *profile.Profile, changed *profile.Changed, now int64) []Flip {
	s := m.set
	for _, i := range changed.Traits {
		m.mark(s.byTrait[i])
	}
	for _, i := range changed.Series {
		m.mark(s.bySeries[i])
	}
	if changed.FirstSeen {
		m.mark(s.byFirstSeen)
	}
	if changed.LastSeen {
		m.mark(s.byLastSeen)
	}
	if changed.Groups {
		m.mark(s.byGroups)
	}
	return m.evaluate(p, now)
}

// Wake evaluates the rules that time alone can flip, at a deadline.
func (m *Matcher) Wake(p *profile.Profile, now int64) []Flip {
	s := m.set
	m.mark(s.byInstant)
	p.Each(func(series int) {
		if s.schema.Series[series].Keep.Sliding() {
			m.mark(s.bySeries[series])
		}
	})
	return m.evaluate(p, now)
}

// Full evaluates every rule.
func (m *Matcher) Full(p *profile.Profile, now int64) []Flip {
	for i := range m.set.rules {
		m.marked[i>>6] |= 1 << (i & 63)
	}
	return m.evaluate(p, now)
}

func (m *Matcher) mark(positions []int) {
	for _, i := range positions {
		m.marked[i>>6] |= 1 << (i & 63)
	}
}

// evaluate runs the marked rules in order of position, so that a segment is
// settled before those that mention it.
func (m *Matcher) evaluate(p *profile.Profile, now int64) []Flip {
	m.flips = m.flips[:0]
	m.env.profile, m.env.now = p, now
	for w := range m.marked {
		for m.marked[w] != 0 {
			i := w<<6 + bits.TrailingZeros64(m.marked[w])
			m.marked[w] &= m.marked[w] - 1
			in := m.set.rules[i](&m.env)
			if in == p.Members.Has(i) {
				continue
			}
			p.Members.Set(i, in)
			m.flips = append(m.flips, Flip{Position: i, Entered: in})
			m.mark(m.set.bySegment[i])
		}
	}
	rank := m.set.rank
	slices.SortFunc(m.flips, func(a, b Flip) int { return rank[a.Position] - rank[b.Position] })
	return m.flips
}

// Deadline returns the first instant after now at which a membership may
// flip without an event, or 0 for none. It may name an instant at which
// nothing flips, never one too late.
func (m *Matcher) Deadline(p *profile.Profile, now int64) int64 {
	s, next := m.set, int64(0)
	sooner := func(at int64) {
		if at > now && (next == 0 || at < next) {
			next = at
		}
	}
	p.Each(func(series int) {
		for _, q := range s.queries[series] {
			sooner(p.NextChange(s.schema, q, now))
		}
	})
	m.env.profile, m.env.now = p, now
	for _, i := range s.instants {
		if at, ok := timeOf(i.value(&m.env)); ok {
			sooner(at - i.offset)
			sooner(at - i.offset + 1)
		}
	}
	return next
}
