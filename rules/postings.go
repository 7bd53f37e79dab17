package rules

import "slices"

// drawer says in which kind of list a posting lies.
type drawer uint8

const (
	drawerArrive drawer = iota // by cell moved to
	drawerDepart               // by cell moved from
	drawerUp                   // by boundary crossed upwards
	drawerDown                 // by boundary crossed downwards
	drawerRise                 // by bit that became true
	drawerFall                 // by bit that became false
	drawerShift                // by residual
	drawerAccessCell
	drawerAccessUp
	drawerAccessDown
	drawerAccessBit
)

const drawers = int(drawerAccessBit) + 1

// posting is an entry before it is filed.
type posting struct {
	bucket uint64 // by list and then by kind of gate
	gate   test
	entry  entry
}

// leaf is a leaf before it is filed.
type leaf struct {
	list uint64
	rule uint32
}

// gateKinds is the number of kinds of first guards. Within a list those of a
// kind stand together, which the processor predicts well.
const gateKinds = int(testBit) + 1

// filing collects the postings of all rules. Lists are numbered through:
// drawer by drawer, owner by owner (a scale's number; 0 for bits and
// residuals), key by key, each owner with one more, empty list at its end.
type filing struct {
	ix       *index
	first    [drawers][]int // by owner, its first list
	lists    int
	postings pile[posting]
	leaves   pile[leaf]
	filed    []posting  // scratch: of the literals of one rule
	path     []*formula // scratch: literals beside the one at hand
	usable   []*formula // scratch: those that can serve as guards
}

func newFiling(ix *index) *filing {
	f := &filing{ix: ix}
	for d := range f.first {
		owners := len(ix.scales)
		if !drawer(d).ofScales() {
			owners = 1
		}
		f.first[d] = make([]int, owners)
		for owner := range owners {
			_, keys := ix.place(drawer(d), owner)
			f.first[d][owner] = f.lists
			f.lists += keys + 1
		}
	}
	return f
}

// ofScales reports whether the lists of a drawer belong to scales.
func (d drawer) ofScales() bool {
	return d <= drawerDown || d >= drawerAccessCell && d <= drawerAccessDown
}

// rule files the postings of one rule.
func (f *filing) rule(position int, root *formula, late bool) {
	r := ruleFiling{filing: f, position: position, size: root.literals(), late: late}
	f.path, f.filed = f.path[:0], f.filed[:0]
	r.walk(root, root.op != disjunction)
	f.access(position, root, late, f.filed)
}

// ruleFiling is the filing of one rule.
type ruleFiling struct {
	*filing
	position int
	size     int // literals of the rule
	late     bool
}

// walk files what is below a formula. The path holds the literals that stand
// beside it in conjunctions: all must hold for it to make the rule true, so
// any of them can serve as a guard. Required says that the rule can't hold
// without it.
func (r *ruleFiling) walk(n *formula, required bool) {
	if n.op == literalOnly {
		e := r.guarded()
		n.lit.filed, r.filed = len(r.filed), append(r.filed, e)
		r.literal(n.lit, e, required && !r.late)
		return
	}
	depth := len(r.path)
	for i, k := range n.kids {
		r.path = r.path[:depth]
		if n.op == conjunction {
			for j, other := range n.kids {
				if j != i && other.op == literalOnly {
					r.path = append(r.path, other)
				}
			}
		}
		r.walk(k, required && k.op != disjunction)
	}
	r.path = r.path[:depth]
}

// guarded makes a posting of the rule for a literal with the path at hand.
func (r *ruleFiling) guarded() posting {
	p := posting{entry: entry{rule: uint32(r.position), program: r.ix.programs.start[r.position]}}
	if r.late {
		p.entry.rule |= flagLate
	}
	r.usable = r.usable[:0]
	for _, n := range r.path {
		if n.lit.test.kind.guards() {
			r.usable = append(r.usable, n)
		}
	}
	slices.SortStableFunc(r.usable, func(a, b *formula) int { return compareFloat(a.share, b.share) })
	for i, n := range r.usable[:min(3, len(r.usable))] {
		p.guard(i, n.lit.test)
	}
	if len(r.usable) <= 3 && len(r.usable) == r.size-1 && !r.late {
		p.entry.rule |= flagComplete
	}
	return p
}

// guard sets one of the three guards.
func (p *posting) guard(i int, t test) {
	e := &p.entry
	switch i {
	case 0:
		p.gate = t
	case 1:
		e.guard2, e.scale2 = t.parameter, t.scale
		e.rule |= uint32(t.kind) << kind2Shift
	case 2:
		e.guard3, e.scale3 = t.parameter, t.scale
		e.rule |= uint32(t.kind) << kind3Shift
	}
}

// unsure is a posting whose predicate may not hold when it is looked at.
func (p posting) unsure() posting {
	p.entry.rule &^= flagComplete
	return p
}

// literal files a rule under one of its literals: entries where the literal
// may become true, leaves where it may become false. When the rule can't
// hold without the literal, a leaf where it surely becomes false is sure.
func (f *filing) literal(l *literal, p posting, required bool) {
	switch l.kind {
	case bit:
		n := l.sensor.first + l.index
		on, off := drawerRise, drawerFall
		if l.negated {
			on, off = off, on
		}
		f.enter(on, 0, n, p)
		f.leave(off, 0, n, p, required)
	case residual:
		f.enter(drawerShift, 0, l.index, p.unsure())
		f.leave(drawerShift, 0, l.index, p, false)
	case points:
		f.points(l, p, required)
	case span:
		f.span(l, p, required)
	}
}

// points files single cells. A move from one of several cells to another
// changes nothing.
func (f *filing) points(l *literal, p posting, required bool) {
	several := len(l.values) > 1
	for _, c := range l.cells {
		switch {
		case !l.negated:
			f.enter(drawerArrive, l.scale.id, int(c), p)
			f.leave(drawerDepart, l.scale.id, int(c), p, required && !several)
		case several:
			f.enter(drawerDepart, l.scale.id, int(c), p.unsure())
			f.leave(drawerArrive, l.scale.id, int(c), p, required)
		default:
			f.enter(drawerDepart, l.scale.id, int(c), p)
			f.leave(drawerArrive, l.scale.id, int(c), p, required)
		}
	}
}

// span files a stretch of cells under the boundaries at its ends.
func (f *filing) span(l *literal, p posting, required bool) {
	low, high := l.ends()
	if low == high {
		return
	}
	s := l.scale
	hasLow, hasHigh := low > s.base, high < s.cells
	if hasLow && hasHigh { // a long move may pass over the whole stretch
		if l.negated {
			required = false
		} else {
			p = p.unsure()
		}
	}
	inward, outward := drawerUp, drawerDown
	if hasLow {
		f.boundary(s, low, inward, outward, l.negated, p, required)
	}
	if hasHigh {
		f.boundary(s, high, outward, inward, l.negated, p, required)
	}
}

// boundary files one end: crossing it inward makes a span true and its
// complement false.
func (f *filing) boundary(s *scale, cell int, inward, outward drawer, negated bool, p posting, required bool) {
	if negated {
		inward, outward = outward, inward
	}
	f.enter(inward, s.id, cell-1-s.base, p)
	f.leave(outward, s.id, cell-1-s.base, p, required)
}

func (f *filing) enter(d drawer, owner, key int, p posting) {
	p.bucket = uint64((f.first[d][owner]+key)*gateKinds + int(p.gate.kind))
	f.postings.add(p)
}

func (f *filing) leave(d drawer, owner, key int, p posting, sure bool) {
	l := leaf{list: uint64(f.first[d][owner] + key), rule: p.entry.rule & (positionMask | flagLate)}
	if sure {
		l.rule |= flagSure
	}
	f.leaves.add(l)
}

// file puts the postings into the index, those of a bucket in the order in
// which they were filed: by position.
func (f *filing) file() {
	entries, leaves := make([]uint32, f.lists*gateKinds+1), make([]uint32, f.lists+1)
	f.postings.each(func(p *posting) { entries[p.bucket+1]++ })
	f.leaves.each(func(l *leaf) { leaves[l.list+1]++ })
	f.ix.entries, f.ix.gates = make([]entry, accumulate(entries)), make([]test, f.postings.size())
	f.ix.leaves = make([]uint32, accumulate(leaves))
	f.begin(entries, leaves)
	f.postings.each(func(p *posting) {
		at := &entries[p.bucket]
		f.ix.entries[*at], f.ix.gates[*at] = p.entry, p.gate
		*at++
	})
	f.leaves.each(func(l *leaf) {
		f.ix.leaves[leaves[l.list]] = l.rule
		leaves[l.list]++
	})
}

// accumulate turns numbers, each one place ahead, into where each begins. It
// returns their sum.
func accumulate(counts []uint32) uint32 {
	sum := uint32(0)
	for i, n := range counts {
		sum += n
		counts[i] = sum
	}
	return sum
}

// begin notes where each list begins that is not of an empty drawer.
func (f *filing) begin(entries, leaves []uint32) {
	for d := range f.first {
		for owner, first := range f.first[d] {
			_, keys := f.ix.place(drawer(d), owner)
			if entries[first*gateKinds] == entries[(first+keys)*gateKinds] && leaves[first] == leaves[first+keys] {
				continue
			}
			lists, back := f.ix.drawer(drawer(d), owner)
			for key := range lists {
				lists[key].begin(back, entries[(first+key)*gateKinds], leaves[first+key])
			}
		}
	}
}

func (o *offsets) begin(back bool, entries, leaves uint32) {
	if back {
		o.inBack, o.outBack = entries, leaves
	} else {
		o.in, o.out = entries, leaves
	}
}

// drawer returns the lists of a drawer and owner, made when they are not
// there yet, and whether it is the way back that is meant.
func (ix *index) drawer(d drawer, owner int) (lists []offsets, back bool) {
	at, keys := ix.place(d, owner)
	if *at == nil {
		*at = make([]offsets, keys+1)
	}
	return *at, d == drawerDepart || d == drawerDown || d == drawerFall || d == drawerAccessDown
}

// place returns where the lists of a drawer and owner are kept, and how many
// keys they have.
func (ix *index) place(d drawer, owner int) (*[]offsets, int) {
	switch d {
	case drawerRise, drawerFall:
		return &ix.bits, 64 * ix.bitWords
	case drawerShift:
		return &ix.shift, len(ix.residuals)
	case drawerAccessBit:
		return &ix.access.bits, 64 * ix.bitWords
	}
	s := ix.scales[owner]
	boundaries := s.cells - s.base - 1
	switch d {
	case drawerArrive, drawerDepart:
		return &ix.byScale[owner].cells, s.cells
	case drawerUp, drawerDown:
		return &ix.byScale[owner].boundaries, boundaries
	case drawerAccessCell:
		return &ix.access.byScale[owner].cells, s.cells
	}
	return &ix.access.byScale[owner].boundaries, boundaries
}
