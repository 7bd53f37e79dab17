package engine

import "math"

// fullIndex leads to every rule that may be true of a profile. Each rule
// is filed under a set of its literals of which one must hold.
type fullIndex struct {
	byScale      []scalePostings // boundaries: in below the value's cell, inBack from it on
	byBit        []offsets
	everyProfile []offsets // one list, of what every profile comes by
	always       []uint32  // positions with no such set, or none that is worth it
	late         []uint32  // positions that mention segments, ascending
}

// What full evaluation does for a posting, in times of what looking at a gate
// takes, as measured with 10,000 rules. Only speed depends on them.
const (
	costGate = 1.0
	costRest = 2.5
	costRun  = 12.0 // of a program
	// leastShare is how often a literal is taken to hold that no profile of
	// the sample has.
	leastShare = 0.002
)

// access is a literal by which full evaluation comes to a rule: an access
// predicate in the words of Fabret et al.
type access struct {
	lit          *literal
	posting      posting
	everyProfile bool // every profile comes by
}

// addAccess adds the access by a literal, p being its posting for the path at
// hand, and returns what it costs. To a literal that says what a value is not,
// every profile comes; its posting tests the literal, too.
func (r *ruleFiling) addAccess(n *formula, p posting, sufficient bool) float64 {
	l := n.lit
	switch {
	case l.kind != literalBit && l.kind != literalOneOf && l.kind != literalRange:
		return math.Inf(1)
	case !l.negated:
		r.accesses = append(r.accesses, access{lit: l, posting: p})
		come := n.visitShare()
		return (come + leastShare) * r.visitCost(p, n.share/max(come, leastShare))
	case !l.test.kind.guards():
		return math.Inf(1)
	}
	r.path = append(r.path, n)
	p = r.guarded(l, sufficient)
	r.path = r.path[:len(r.path)-1]
	r.accesses = append(r.accesses, access{lit: l, posting: p, everyProfile: true})
	return r.visitCost(p, 1)
}

// visitCost is what coming by a posting costs that guarded has just made. Literal
// is how often its literal holds then.
func (r *ruleFiling) visitCost(p posting, literal float64) float64 {
	gate, rest := 1.0, min(1, literal)
	for i, n := range r.usable {
		if i == 0 {
			gate = n.share
		} else {
			rest *= n.share
		}
	}
	behind := costRest
	if r.rests[p.entry.rest].rule.complete() == 0 {
		behind += rest * costRun
	}
	return costGate + gate*behind
}

// visitShare is how often full evaluation comes by a literal. A range with two
// ends is filed under one of them, so that is more often than it holds.
func (f *formula) visitShare() float64 {
	if f.lit.kind != literalRange {
		return f.share
	}
	fromLow, toHigh := f.lit.oneEnded()
	return max(f.share, min(fromLow, toHigh)) // without a sample, both are 0
}

// fileFull files one rule for full evaluation under its accesses, which cost
// so much together.
func (r *ruleFiling) fileFull(cost float64) {
	a := &r.ix.full
	switch {
	case r.late:
		a.late = append(a.late, uint32(r.position))
	case cost >= costRun:
		a.always = append(a.always, uint32(r.position))
	default:
		for i := range r.accesses {
			w := &r.accesses[i]
			// Of its own, so that the rests of a list lie next to each other.
			own := r.restsFrom(w.posting.entry.rest)
			w.posting.entry.rest = uint32(len(r.rests))
			r.rests = append(r.rests, own...)
			r.fileAccess(w)
		}
	}
}

// fileAccess files the rule under one of its accesses.
func (f *filing) fileAccess(w *access) {
	l, p := w.lit, w.posting
	if w.everyProfile {
		f.fileEntry(drawerFullEvery, 0, 0, p)
		return
	}
	switch l.kind {
	case literalBit:
		f.fileEntry(drawerFullBit, 0, l.sensor.first+l.index, p)
	case literalOneOf:
		for _, c := range l.cells {
			f.fileEntry(drawerFullCell, l.scale.id, int(c), p)
		}
	case literalRange:
		low, high := l.ends()
		if low == high {
			return
		}
		fromLow, toHigh := l.oneEnded()
		if low > l.scale.base && (high == l.scale.cells || fromLow <= toHigh) {
			f.fileEntry(drawerFullUp, l.scale.id, low-1-l.scale.base, p)
			return
		}
		f.fileEntry(drawerFullDown, l.scale.id, high-1-l.scale.base, p)
	}
}
