package rules

import (
	"cmp"
	"slices"
)

// drawer says in which kind of list a posting lies.
type drawer uint8

const (
	drawerArrive drawer = iota
	drawerDepart
	drawerUp
	drawerDown
	drawerRise
	drawerFall
	drawerShift
	drawerAccessCell
	drawerAccessUp
	drawerAccessDown
	drawerAccessBit
)

// posting is an entry, or a leaf, before it is filed.
type posting struct {
	owner  int32 // number of the scale; 0 for bits and residuals
	key    int32
	drawer drawer
	leaf   bool
	entry  entry
}

// filing collects the postings of all rules.
type filing struct {
	ix       *index
	postings []posting
}

// rule files the postings of one rule.
func (f *filing) rule(position int, root *formula, late bool) {
	size := root.literals()
	entries := map[*literal]entry{}
	var walk func(n *formula, path []*formula)
	walk = func(n *formula, path []*formula) {
		if n.op == literalOnly {
			entries[n.lit] = guarded(position, path, size, late)
			f.literal(n.lit, entries[n.lit])
			return
		}
		for i, k := range n.kids {
			below := path
			if n.op == conjunction {
				below = slices.Clone(path)
				for j, other := range n.kids {
					if j != i && other.op == literalOnly {
						below = append(below, other)
					}
				}
			}
			walk(k, below)
		}
	}
	walk(root, nil)
	f.access(position, root, late, entries)
}

// guarded makes the entry of a rule for one of its literals. The path holds
// the literals that stand beside it in conjunctions: all must hold for this
// literal to make the rule true, so any of them can serve as a guard.
func guarded(position int, path []*formula, size int, late bool) entry {
	e := entry{rule: uint32(position)}
	if late {
		e.rule |= flagLate
	}
	usable := slices.DeleteFunc(slices.Clone(path), func(f *formula) bool { return guardKind(f.lit.test.kind) == guardNone })
	slices.SortStableFunc(usable, func(a, b *formula) int { return compareFloat(a.share, b.share) })
	if len(usable) > 0 {
		t := usable[0].lit.test
		e.guard1, e.scale1 = t.parameter, t.scale
		e.rule |= guardKind(t.kind) << kind1Shift
	}
	if len(usable) > 1 {
		t := usable[1].lit.test
		e.guard2, e.scale2 = t.parameter, t.scale
		e.rule |= guardKind(t.kind) << kind2Shift
	}
	if len(usable) <= 2 && len(usable) == size-1 && !late {
		e.rule |= flagComplete
	}
	return e
}

func guardKind(k testKind) uint32 {
	switch k {
	case testRange:
		return guardRange
	case testWords:
		return guardWords
	case testBit:
		return guardBit
	}
	return guardNone
}

// literal files a rule under one of its literals: entries where the literal
// may become true, leaves where it may become false.
func (f *filing) literal(l *literal, e entry) {
	unsure := e
	unsure.rule &^= flagComplete
	switch l.kind {
	case bit:
		n := l.sensor.first + l.index
		on, off := drawerRise, drawerFall
		if l.negated {
			on, off = off, on
		}
		f.enter(on, 0, n, e)
		f.leave(off, 0, n, e)
	case residual:
		f.enter(drawerShift, 0, l.index, unsure)
		f.leave(drawerShift, 0, l.index, e)
	case points:
		for _, c := range l.cells() {
			if !l.negated {
				f.enter(drawerArrive, l.scale.id, int(c), e)
				f.leave(drawerDepart, l.scale.id, int(c), e)
				continue
			}
			// A move from one excluded value to another makes nothing true.
			if len(l.values) > 1 {
				e = unsure
			}
			f.enter(drawerDepart, l.scale.id, int(c), e)
			f.leave(drawerArrive, l.scale.id, int(c), e)
		}
	case span:
		f.span(l, e, unsure)
	}
}

// span files a stretch of cells under the boundaries at its ends.
func (f *filing) span(l *literal, sure, unsure entry) {
	low, high := l.ends()
	if low == high {
		return
	}
	s := l.scale
	hasLow, hasHigh := low > s.base, high < s.cells
	if hasLow && hasHigh && !l.negated {
		sure = unsure // a long move may pass over the whole stretch
	}
	inward, outward := drawerUp, drawerDown
	if hasLow {
		f.boundary(s, low, inward, outward, l.negated, sure)
	}
	if hasHigh {
		f.boundary(s, high, outward, inward, l.negated, sure)
	}
}

// boundary files one end: crossing it inward makes a span true and its
// complement false.
func (f *filing) boundary(s *scale, cell int, inward, outward drawer, negated bool, e entry) {
	if negated {
		inward, outward = outward, inward
	}
	f.enter(inward, s.id, cell-1-s.base, e)
	f.leave(outward, s.id, cell-1-s.base, e)
}

func (f *filing) enter(d drawer, owner, key int, e entry) {
	f.postings = append(f.postings, posting{drawer: d, owner: int32(owner), key: int32(key), entry: e})
}

func (f *filing) leave(d drawer, owner, key int, e entry) {
	e = entry{rule: e.rule & (positionMask | flagLate)}
	f.postings = append(f.postings, posting{drawer: d, owner: int32(owner), key: int32(key), entry: e, leaf: true})
}

// file sorts the postings into the index. Within a list those with guards of
// the same kinds stand together, which the processor predicts well.
func (f *filing) file() {
	slices.SortFunc(f.postings, func(a, b posting) int {
		return cmp.Or(
			cmp.Compare(a.drawer, b.drawer), cmp.Compare(a.owner, b.owner), cmp.Compare(a.key, b.key),
			cmp.Compare(a.entry.rule>>kind1Shift, b.entry.rule>>kind1Shift),
			cmp.Compare(a.entry.rule&positionMask, b.entry.rule&positionMask),
		)
	})
	entries, leaves := 0, 0
	for i := range f.postings {
		if f.postings[i].leaf {
			leaves++
		} else {
			entries++
		}
	}
	f.ix.entries, f.ix.leaves = make([]entry, 0, entries), make([]uint32, 0, leaves)
	for len(f.postings) > 0 {
		n := 1
		first := f.postings[0]
		for n < len(f.postings) && f.postings[n].drawer == first.drawer && f.postings[n].owner == first.owner {
			n++
		}
		f.list(first.drawer, int(first.owner), f.postings[:n])
		f.postings = f.postings[n:]
	}
}

// list files all postings of one drawer and owner.
func (f *filing) list(d drawer, owner int, all []posting) {
	target, keys := f.ix.drawer(d, owner)
	var entries, leaves int
	for i := range all {
		if all[i].leaf {
			leaves++
		} else {
			entries++
		}
	}
	if entries > 0 {
		target.in = make([]uint32, keys+1)
	}
	if leaves > 0 {
		target.out = make([]uint32, keys+1)
	}
	at := 0
	for key := range keys {
		for ; at < len(all) && int(all[at].key) == key; at++ {
			if all[at].leaf {
				f.ix.leaves = append(f.ix.leaves, all[at].entry.rule)
			} else {
				f.ix.entries = append(f.ix.entries, all[at].entry)
			}
		}
		target.close(key, len(f.ix.entries), len(f.ix.leaves))
	}
	target.open(len(f.ix.entries)-entries, len(f.ix.leaves)-leaves)
}

// open and close write the offsets where the lists begin and end.
func (p *postings) open(entries, leaves int) {
	if p.in != nil {
		p.in[0] = uint32(entries)
	}
	if p.out != nil {
		p.out[0] = uint32(leaves)
	}
}

func (p *postings) close(key, entries, leaves int) {
	if p.in != nil {
		p.in[key+1] = uint32(entries)
	}
	if p.out != nil {
		p.out[key+1] = uint32(leaves)
	}
}

// drawer returns the postings of a drawer and owner, and how many keys they
// have.
func (ix *index) drawer(d drawer, owner int) (*postings, int) {
	bits := 64 * ix.bitWords
	switch d {
	case drawerRise:
		return &ix.rise, bits
	case drawerFall:
		return &ix.fall, bits
	case drawerShift:
		return &ix.shift, len(ix.residuals)
	case drawerAccessBit:
		return &ix.access.bits, bits
	}
	s, lists := ix.scales[owner], &ix.byScale[owner]
	boundaries := s.cells - s.base - 1
	switch d {
	case drawerArrive:
		return &lists.arrive, s.cells
	case drawerDepart:
		return &lists.depart, s.cells
	case drawerUp:
		return &lists.up, boundaries
	case drawerDown:
		return &lists.down, boundaries
	case drawerAccessUp:
		return &ix.access.byScale[owner].up, boundaries
	case drawerAccessDown:
		return &ix.access.byScale[owner].down, boundaries
	}
	return &ix.access.byScale[owner].cell, s.cells
}
