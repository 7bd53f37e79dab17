package rules

import (
	"math"
	"math/bits"
)

// access leads to every rule that may be true of a whole profile. Each rule
// is filed under a set of its literals of which one must hold.
type access struct {
	byScale []scalePostings // boundaries: in below the value's cell, inBack from it on
	bits    []offsets
	open    []offsets // one list, of what every profile comes by
	always  []uint32  // positions with no such set, or none that is worth it
	late    []uint32  // positions that mention segments, ascending
}

// What whole evaluation does for a posting, in times of what looking at a gate
// takes, as measured with 10,000 rules. Only speed depends on them.
const (
	costGate = 1.0
	costRest = 2.5
	costRun  = 12.0 // of a program
	// leastShare is how often a literal is taken to hold that no profile of
	// the sample has.
	leastShare = 0.002
)

// way is a literal by which whole evaluation comes to a rule.
type way struct {
	lit     *literal
	posting posting
	open    bool // every profile comes by
}

// lead adds the way through a literal, p being its posting for the path at
// hand, and returns what it costs. To a literal that says what a value is not,
// every profile comes; its posting tests the literal, too.
func (r *ruleFiling) lead(n *formula, p posting, sufficient bool) float64 {
	l := n.lit
	switch {
	case l.kind != bit && l.kind != points && l.kind != span:
		return math.Inf(1)
	case !l.negated:
		r.ways = append(r.ways, way{lit: l, posting: p})
		come := n.comeBy()
		return (come + leastShare) * r.visit(p, n.share/max(come, leastShare))
	case !l.test.kind.guards():
		return math.Inf(1)
	}
	r.path = append(r.path, n)
	p = r.guarded(l, sufficient)
	r.path = r.path[:len(r.path)-1]
	r.ways = append(r.ways, way{lit: l, posting: p, open: true})
	return r.visit(p, 1)
}

// visit is what coming by a posting costs that guarded has just made. Literal
// is how often its literal holds then.
func (r *ruleFiling) visit(p posting, literal float64) float64 {
	gate, rest := 1.0, min(1, literal)
	for i, n := range r.usable {
		if i == 0 {
			gate = n.share
		} else {
			rest *= n.share
		}
	}
	behind := costRest
	if r.rests[p.entry.rest].rule&flagComplete == 0 {
		behind += rest * costRun
	}
	return costGate + gate*behind
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

// access files one rule for whole evaluation under the ways to it, which cost
// so much together.
func (r *ruleFiling) access(cost float64) {
	a := &r.ix.access
	switch {
	case r.late:
		a.late = append(a.late, uint32(r.position))
	case cost >= costRun:
		a.always = append(a.always, uint32(r.position))
	default:
		for i := range r.ways {
			w := &r.ways[i]
			// Of its own, so that the rests of a list lie next to each other.
			w.posting.entry.rest = r.copyRest(w.posting.entry.rest)
			r.way(w)
		}
	}
}

// way files the rule under one of its ways.
func (f *filing) way(w *way) {
	l, p := w.lit, w.posting
	if w.open {
		f.enter(drawerAccessOpen, 0, 0, p)
		return
	}
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
	if lists := ix.access.open; lists != nil {
		m.ins = append(m.ins, stretch{lists[0].in, lists[1].in})
	}
	m.admit(m.winnow(m.sift(m.ins), m.fresh))
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
		m.noteWay(a.cells[c].in, a.cells[c+1].in)
	}
	if a.boundaries == nil || !s.isOrdered(c) {
		return
	}
	k, last := int(c)-s.base, len(a.boundaries)-1
	m.noteWay(a.boundaries[0].in, a.boundaries[k].in)
	m.noteWay(a.boundaries[k].inBack, a.boundaries[last].inBack)
}

func (m *Matcher) noteWay(low, high uint32) {
	if low < high {
		m.ins = append(m.ins, stretch{low, high})
	}
}

// admit adds the rules of rests that hold, if they are true: without a branch
// where the rest is complete, and then those whose programs have to tell.
func (m *Matcher) admit(rests []uint32) {
	unsure := 0
	for _, i := range rests {
		rule := m.index.rests[i].rule
		complete := rule / flagComplete & 1
		m.fresh[rule&positionMask>>6] |= uint64(complete) << (rule & 63)
		rests[unsure] = rule & positionMask
		unsure += int(1 - complete)
	}
	for _, position := range rests[:unsure] {
		if m.fresh[position>>6]>>(position&63)&1 == 0 && m.run(position) {
			m.fresh[position>>6] |= 1 << (position & 63)
		}
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
