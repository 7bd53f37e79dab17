package engine

import "math"

// entryPosting is an entry before it is filed. A move from one value that
// "not in" excludes to another that it excludes makes nothing true: the guards
// of such an entry have the literal itself among them.
type entryPosting struct {
	group uint64 // by list and then by kind of gate
	entry entry
	rule  ruleRef
	odd   bool // whether the entry's rest is
}

// exitPosting is an exit before it is filed.
type exitPosting struct {
	list uint64
	exit exit
}

// gateKinds is the number of kinds of gates, each once with odd rests and
// once without. Within a list those of a kind stand together, which the
// processor predicts well.
const gateKinds = 2 * (int(testBit) + 1)

func (p *entryPosting) kind() int {
	if p.odd {
		return 2*int(p.entry.gate.kind) + 1
	}
	return 2 * int(p.entry.gate.kind)
}

// filing collects the postings of all rules. Lists are numbered through:
// drawer by drawer, owner by owner (a scale's number; 0 for bits and
// residuals), key by key, each owner with one more, empty list at its end.
type filing struct {
	ix       *index
	first    [drawers][]int // by owner, its first list
	lists    int
	postings pile[entryPosting]
	exits    pile[exitPosting]
	rests    []rest
	accesses []access   // scratch: to one rule
	path     []*formula // scratch: literals beside the one at hand
	usable   []*formula // scratch: those that can serve as guards
	tests    []test     // scratch: of these
}

func newFiling(ix *index) *filing {
	made := &filing{ix: ix}
	for kind := range made.first {
		owners := len(ix.scales)
		if !drawer(kind).ofScales() {
			owners = 1
		}
		made.first[kind] = make([]int, owners)
		for owner := range owners {
			_, keys := ix.tableOf(drawer(kind), owner)
			made.first[kind][owner] = made.lists
			made.lists += keys + 1
		}
	}
	return made
}

// rule files the postings of one rule.
func (f *filing) rule(position int, root *formula, late bool) {
	r := ruleFiling{filing: f, position: position, late: late}
	f.path, f.accesses = f.path[:0], f.accesses[:0]
	cost := r.walk(root, root.kind != formulaOr, true)
	r.fileFull(cost)
}

// ruleFiling is the filing of one rule.
type ruleFiling struct {
	*filing
	position int
	late     bool
}

// walk files what is below a formula. The path holds the literals that stand
// beside it in conjunctions: all must hold for it to make the rule true, so
// any of them can serve as a guard. Required says that the rule can't hold
// without it; sufficient, that the rule holds with it and the path.
//
// It leaves in accesses the cheapest set of literals of which one must hold for
// the formula to hold, and returns what these cost a full evaluation.
func (r *ruleFiling) walk(node *formula, required, sufficient bool) float64 {
	if node.kind == formulaLiteral {
		p := r.guarded(node.lit, sufficient)
		r.fileLiteral(node.lit, p, required && !r.late)
		return r.addAccess(node, p, sufficient)
	}
	depth, begin := len(r.path), len(r.accesses)
	cost := math.Inf(1) // of the cheapest part of a conjunction
	if node.kind == formulaOr {
		cost = 0 // of all parts
	}
	for i, kid := range node.kids {
		r.path = r.path[:depth]
		alone := true // no other kid but literals
		if node.kind == formulaAnd {
			for j, other := range node.kids {
				if j == i {
					continue
				}
				if other.kind == formulaLiteral {
					r.path = append(r.path, other)
				} else {
					alone = false
				}
			}
		}
		mine := len(r.accesses)
		part := r.walk(kid, required && kid.kind != formulaOr, sufficient && alone)
		switch {
		case node.kind == formulaOr:
			cost += part
		case part < cost:
			cost, r.accesses = part, append(r.accesses[:begin], r.accesses[mine:]...)
		default:
			r.accesses = r.accesses[:mine]
		}
	}
	r.path = r.path[:depth]
	return cost
}

// fileLiteral files a rule under one of its literals: entries where the literal
// may become true, exits where it may become false. When the rule can't
// hold without the literal, an exit where it surely becomes false is sure.
func (f *filing) fileLiteral(lit *literal, posted entryPosting, required bool) {
	switch lit.kind {
	case literalBit:
		n := lit.sensor.first + lit.index
		on, off := drawerRise, drawerFall
		if lit.negated {
			on, off = off, on
		}
		f.fileEntry(on, 0, n, posted)
		f.fileExit(off, 0, n, posted, required)
	case literalResidual:
		f.fileEntry(drawerResidual, 0, lit.index, posted)
		f.fileExit(drawerResidual, 0, lit.index, posted, false)
	case literalOneOf:
		f.fileOneOf(lit, posted, required)
	case literalRange:
		f.fileRange(lit, posted, required)
	}
}

// fileOneOf files single cells. A move from one of several cells to another
// changes nothing.
func (f *filing) fileOneOf(l *literal, p entryPosting, required bool) {
	several := len(l.values) > 1
	for _, c := range l.cells {
		switch {
		case !l.negated:
			f.fileEntry(drawerArrive, l.scale.id, int(c), p)
			f.fileExit(drawerDepart, l.scale.id, int(c), p, required && !several)
		default:
			f.fileEntry(drawerDepart, l.scale.id, int(c), p)
			f.fileExit(drawerArrive, l.scale.id, int(c), p, required)
		}
	}
}

// fileRange files a range of cells under the boundaries at its ends.
func (f *filing) fileRange(lit *literal, posted entryPosting, required bool) {
	low, high := lit.ends()
	if low == high {
		return
	}
	of := lit.scale
	hasLow, hasHigh := low > of.base, high < of.cells
	if hasLow && hasHigh && lit.negated { // a long move may pass over the range
		required = false
	}
	inward, outward := drawerUp, drawerDown
	if hasLow {
		f.fileBoundary(of, low, inward, outward, lit.negated, posted, required)
	}
	if hasHigh {
		f.fileBoundary(of, high, outward, inward, lit.negated, posted, required)
	}
}

// fileBoundary files one end: crossing it inward makes a range true and its
// complement false.
func (f *filing) fileBoundary(s *scale, cell int, inward, outward drawer, negated bool, p entryPosting, required bool) {
	if negated {
		inward, outward = outward, inward
	}
	f.fileEntry(inward, s.id, cell-1-s.base, p)
	f.fileExit(outward, s.id, cell-1-s.base, p, required)
}

func (f *filing) fileEntry(d drawer, owner, key int, p entryPosting) {
	p.group = uint64((f.first[d][owner]+key)*gateKinds + p.kind())
	f.postings.add(p)
}

func (f *filing) fileExit(d drawer, owner, key int, p entryPosting, sure bool) {
	f.exits.add(exitPosting{list: uint64(f.first[d][owner] + key), exit: exitOf(p.rule, sure)})
}
