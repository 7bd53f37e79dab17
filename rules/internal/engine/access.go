package engine

import "math"

// fullIndex leads to every rule that may be true of a profile. Each rule
// is filed under a set of its literals of which one must hold.
type fullIndex struct {
	byScale      []scalePostings // boundaries: in below the value's cell, inBack from it on
	byBit        []offsets
	everyProfile []offsets // one list, of what is looked at for every profile
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
	posting      entryPosting
	everyProfile bool // it is looked at for every profile
}

// addAccess adds the access by a literal, which was posted for the path at hand,
// and returns what it costs. Where a literal says what a value is not, full
// evaluation looks at the posting for every profile, so it tests the literal too.
func (r *ruleFiling) addAccess(node *formula, posted entryPosting, sufficient bool) float64 {
	lit := node.lit
	switch {
	case lit.kind != literalBit && lit.kind != literalOneOf && lit.kind != literalRange:
		return math.Inf(1)
	case !lit.negated:
		r.accesses = append(r.accesses, access{lit: lit, posting: posted})
		visits := node.visitShare()
		return (visits + leastShare) * r.visitCost(posted, node.share/max(visits, leastShare))
	case !lit.test.kind.guards():
		return math.Inf(1)
	}
	r.path = append(r.path, node)
	posted = r.guarded(lit, sufficient)
	r.path = r.path[:len(r.path)-1]
	r.accesses = append(r.accesses, access{lit: lit, posting: posted, everyProfile: true})
	return r.visitCost(posted, 1)
}

// visitCost is what it costs full evaluation to look at a posting that guarded
// has just made. Literal is how often its literal holds then.
func (r *ruleFiling) visitCost(posted entryPosting, literal float64) float64 {
	gate, rest := 1.0, min(1, literal)
	for i, n := range r.usable {
		if i == 0 {
			gate = n.share
		} else {
			rest *= n.share
		}
	}
	behind := costRest
	if r.rests[posted.entry.rest].rule.complete() == 0 {
		behind += rest * costRun
	}
	return costGate + gate*behind
}

// visitShare is how often full evaluation looks at the postings of a literal. A
// range with two ends is filed under one of them, so that is more often than it
// holds.
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
	lit, posting := w.lit, w.posting
	if w.everyProfile {
		f.fileEntry(drawerFullEvery, 0, 0, posting)
		return
	}
	switch lit.kind {
	case literalBit:
		f.fileEntry(drawerFullBit, 0, lit.sensor.first+lit.index, posting)
	case literalOneOf:
		for _, c := range lit.cells {
			f.fileEntry(drawerFullCell, lit.scale.id, int(c), posting)
		}
	case literalRange:
		low, high := lit.ends()
		if low == high {
			return
		}
		fromLow, toHigh := lit.oneEnded()
		if low > lit.scale.base && (high == lit.scale.cells || fromLow <= toHigh) {
			f.fileEntry(drawerFullUp, lit.scale.id, low-1-lit.scale.base, posting)
			return
		}
		f.fileEntry(drawerFullDown, lit.scale.id, high-1-lit.scale.base, posting)
	}
}
