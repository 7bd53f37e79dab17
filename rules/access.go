package rules

import "math/bits"

// access leads to every rule that may be true of a whole profile. Each rule
// is filed under a set of its literals of which one must hold.
type access struct {
	byScale []scalePostings // boundaries: in below the value's cell, inBack from it on
	bits    []offsets
	always  []uint32 // positions with no such set
	late    []uint32 // positions that mention segments, ascending
}

// unusable is the cost of what can't lead to a rule.
const unusable = 9.0

// accessSet returns the literals of which at least one must hold for the
// formula to hold, chosen so that they seldom do, and how often that is.
func (f *formula) accessSet() ([]*formula, float64) {
	switch f.op {
	case literalOnly:
		if usable := f.lit.kind == bit || f.lit.kind == points || f.lit.kind == span; !usable || f.lit.negated {
			return nil, unusable
		}
		return []*formula{f}, f.comeBy() + 0.002
	case conjunction:
		var best []*formula
		least := unusable
		for _, k := range f.kids {
			if set, cost := k.accessSet(); set != nil && cost < least {
				best, least = set, cost
			}
		}
		return best, least
	}
	var all []*formula
	total := 0.0
	for _, k := range f.kids {
		set, cost := k.accessSet()
		if set == nil {
			return nil, unusable
		}
		all, total = append(all, set...), total+cost
	}
	return all, total
}

// comeBy is how often whole evaluation comes by a literal. A stretch with two
// ends is filed under one of them, so that is more often than it holds.
func (f *formula) comeBy() float64 {
	if f.lit.kind != span {
		return f.share
	}
	fromLow, toHigh := f.lit.oneEnded()
	return max(f.share, min(fromLow, toHigh)) // without a sample, both are 0
}

// access files one rule for whole evaluation, with the entries of its
// literals.
func (f *filing) access(position int, root *formula, late bool, entries []posting) {
	if late {
		f.ix.access.late = append(f.ix.access.late, uint32(position))
		return
	}
	set, _ := root.accessSet()
	if set == nil {
		f.ix.access.always = append(f.ix.access.always, uint32(position))
		return
	}
	for _, n := range set {
		f.accessLiteral(n.lit, entries[n.lit.filed])
	}
}

func (f *filing) accessLiteral(l *literal, p posting) {
	switch l.kind {
	case bit:
		f.enter(drawerAccessBit, 0, l.sensor.first+l.index, p)
	case points:
		for _, c := range l.cells {
			f.enter(drawerAccessCell, l.scale.id, int(c), p)
		}
	case span:
		low, high := l.ends()
		if low == high {
			return
		}
		fromLow, toHigh := l.oneEnded()
		if low > l.scale.base && (high == l.scale.cells || fromLow <= toHigh) {
			f.enter(drawerAccessUp, l.scale.id, low-1-l.scale.base, p)
			return
		}
		f.enter(drawerAccessDown, l.scale.id, high-1-l.scale.base, p)
	}
}

// whole finds the memberships of a profile from its state alone and records
// how they differ from those it has.
func (m *Matcher) whole() {
	ix, st := m.index, m.state
	clear(m.fresh)
	for i := range ix.access.byScale {
		m.reach(&ix.access.byScale[i], ix.scales[i], st.cells[i])
	}
	if lists := ix.access.bits; lists != nil {
		for w, word := range st.bits {
			for ; word != 0; word &= word - 1 {
				n := w<<6 + bits.TrailingZeros64(word)
				m.ins = append(m.ins, stretch{lists[n].in, lists[n+1].in})
			}
		}
	}
	for _, i := range m.winnow(m.sift(m.ins), m.fresh) {
		m.admit(&ix.rests[i])
	}
	m.ins = m.ins[:0]
	for _, position := range ix.access.always {
		if m.run(position) {
			m.fresh[position>>6] |= 1 << (position & 63)
		}
	}
	m.replace()
}

// reach notes the entries that a value leads to.
func (m *Matcher) reach(a *scalePostings, s *scale, c uint16) {
	if a.cells != nil {
		m.ins = append(m.ins, stretch{a.cells[c].in, a.cells[c+1].in})
	}
	if a.boundaries == nil || !s.isOrdered(c) {
		return
	}
	k, last := int(c)-s.base, len(a.boundaries)-1
	m.ins = append(m.ins,
		stretch{a.boundaries[0].in, a.boundaries[k].in},
		stretch{a.boundaries[k].inBack, a.boundaries[last].inBack})
}

// admit adds the rule of a rest that holds, if it is true.
func (m *Matcher) admit(r *rest) {
	position := r.rule & positionMask
	if r.rule&flagComplete != 0 || m.fresh[position>>6]>>(position&63)&1 == 0 && m.run(position) {
		m.fresh[position>>6] |= 1 << (position & 63)
	}
}

// replace takes the fresh memberships over and settles the rules that
// mention segments, in order of position.
func (m *Matcher) replace() {
	members := m.members
	for w, word := range m.fresh {
		if old := members[w] &^ m.index.late[w]; old != word {
			m.noteWord(w, old^word)
			members[w] ^= old ^ word
		}
	}
	for _, position := range m.index.access.late {
		m.pend(position)
	}
	m.settleLate()
}
