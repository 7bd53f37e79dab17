package rules

import (
	"cmp"
	"slices"
)

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

// posting is an entry, or a leaf, before it is filed.
type posting struct {
	place place
	leaf  bool
	gate  test
	entry entry
}

// place is where a posting lies, as one number to sort by: drawer, owner
// (the scale's number; 0 for bits and residuals), key, and the kind of the
// gate, so that within a list those of a kind stand together, which the
// processor predicts well.
type place uint64

func placeOf(d drawer, owner, key int, gate testKind) place {
	return place(d)<<56 | place(owner)<<36 | place(key)<<8 | place(gate)
}

func (p place) drawer() drawer { return drawer(p >> 56) }

func (p place) owner() int { return int(p >> 36 & (1<<20 - 1)) }

func (p place) key() int { return int(p >> 8 & (1<<28 - 1)) }

// filing collects the postings of all rules.
type filing struct {
	ix       *index
	postings []posting
	path     []*formula // scratch: literals beside the one at hand
	usable   []*formula // scratch: those that can serve as guards
}

// rule files the postings of one rule.
func (f *filing) rule(position int, root *formula, late bool) {
	r := ruleFiling{filing: f, position: position, size: root.literals(), late: late, entries: map[*literal]posting{}}
	f.path = f.path[:0]
	r.walk(root, root.op != disjunction)
	f.access(position, root, late, r.entries)
}

// ruleFiling is the filing of one rule.
type ruleFiling struct {
	*filing
	position int
	size     int // literals of the rule
	late     bool
	entries  map[*literal]posting
}

// walk files what is below a formula. The path holds the literals that stand
// beside it in conjunctions: all must hold for it to make the rule true, so
// any of them can serve as a guard. Required says that the rule can't hold
// without it.
func (r *ruleFiling) walk(n *formula, required bool) {
	if n.op == literalOnly {
		e := r.guarded()
		r.entries[n.lit] = e
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
	for _, c := range l.cells() {
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
	p.place = placeOf(d, owner, key, p.gate.kind)
	f.postings = append(f.postings, p)
}

func (f *filing) leave(d drawer, owner, key int, p posting, sure bool) {
	leaf := posting{place: placeOf(d, owner, key, testConst), leaf: true}
	leaf.entry.rule = p.entry.rule & (positionMask | flagLate)
	if sure {
		leaf.entry.rule |= flagSure
	}
	f.postings = append(f.postings, leaf)
}

// ranked is a posting's place and where it was filed, which goes by position.
type ranked struct {
	place place
	at    uint32
}

// file sorts the postings into the index.
func (f *filing) file() {
	order := make([]ranked, len(f.postings))
	entries := 0
	for i := range f.postings {
		order[i] = ranked{f.postings[i].place, uint32(i)}
		if !f.postings[i].leaf {
			entries++
		}
	}
	slices.SortFunc(order, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.at, b.at))
	})
	f.ix.entries, f.ix.gates = make([]entry, 0, entries), make([]test, 0, entries)
	f.ix.leaves = make([]uint32, 0, len(order)-entries)
	for len(order) > 0 {
		d, owner, n := order[0].place.drawer(), order[0].place.owner(), 1
		for n < len(order) && order[n].place.drawer() == d && order[n].place.owner() == owner {
			n++
		}
		f.list(d, owner, order[:n])
		order = order[n:]
	}
}

// list files all postings of one drawer and owner, sorted by key.
func (f *filing) list(d drawer, owner int, all []ranked) {
	lists, back := f.ix.drawer(d, owner)
	at := 0
	for key := range lists {
		lists[key].begin(back, len(f.ix.entries), len(f.ix.leaves))
		for ; at < len(all) && all[at].place.key() == key; at++ {
			f.put(&f.postings[all[at].at])
		}
	}
}

func (f *filing) put(p *posting) {
	if p.leaf {
		f.ix.leaves = append(f.ix.leaves, p.entry.rule)
		return
	}
	f.ix.entries, f.ix.gates = append(f.ix.entries, p.entry), append(f.ix.gates, p.gate)
}

func (o *offsets) begin(back bool, entries, leaves int) {
	if back {
		o.inBack, o.outBack = uint32(entries), uint32(leaves)
	} else {
		o.in, o.out = uint32(entries), uint32(leaves)
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
