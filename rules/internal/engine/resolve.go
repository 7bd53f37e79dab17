package engine

import (
	"encoding/binary"
	"slices"
)

// resolver turns literals into tests once all scales are numbered.
type resolver struct {
	ix    *index
	words map[string]uint32 // content of a bitset -> offset
	lists map[string]uint32
}

// longList is from how many cells on a set of them is kept as a bitset even
// where the scale has many cells.
const longList = 32

func (r *resolver) resolve(lit *literal) {
	negated := uint32(0)
	if lit.negated {
		negated = 1
	}
	switch lit.kind {
	case literalAlways:
		lit.test = test{kind: testConst, parameter: 1 - negated}
	case literalMember:
		lit.test = test{kind: testMember, parameter: uint32(lit.index)<<1 | negated}
	case literalHeld:
		lit.test = test{kind: testHeld, parameter: uint32(lit.index)<<1 | negated}
	case literalResidual:
		lit.test = test{kind: testResidual, parameter: uint32(lit.index)<<1 | negated}
	case literalBit:
		lit.test = test{kind: testBit, parameter: uint32(lit.sensor.first+lit.index)<<1 | negated}
	case literalRange:
		low, high := lit.ends()
		lit.test = rangeTest(lit.scale, low, high, lit.negated)
	case literalOneOf:
		r.resolveOneOf(lit)
	}
}

// ends returns the first cell of a range and the first behind it.
func (l *literal) ends() (low, high int) {
	low, high = l.scale.base, l.scale.cells
	if l.low.side != sideUnbounded {
		low = l.scale.firstBehind(l.low)
	}
	if l.high.side != sideUnbounded {
		high = l.scale.firstBehind(l.high)
	}
	return low, max(low, high)
}

// rangeTest holds of cells from low on and before high, or of the others.
// With 16-bit numbers the others are a range too, one that wraps around.
func rangeTest(s *scale, low, high int, negated bool) test {
	first, n := uint16(low), uint16(high-low)
	if negated {
		if n == 0 {
			return test{kind: testConst, parameter: 1}
		}
		first, n = uint16(high), -n
	}
	return test{kind: testRange, scale: uint16(s.id), parameter: uint32(first) | uint32(n)<<16}
}

// findCells finds the cells of a literalOneOf.
func (l *literal) findCells() {
	cells := make([]uint16, 0, len(l.values))
	for _, v := range l.values {
		cells = append(cells, l.scale.cell(v))
	}
	slices.Sort(cells)
	l.cells = slices.Compact(cells)
}

func (r *resolver) resolveOneOf(lit *literal) {
	lit.findCells()
	cells := lit.cells
	first, last := int(cells[0]), int(cells[len(cells)-1])
	scale := uint16(lit.scale.id)
	switch {
	case last-first+1 == len(cells):
		lit.test = rangeTest(lit.scale, first, last+1, lit.negated)
	case lit.scale.cells > 64*longList && len(cells) <= longList:
		parameter := r.storeList(cells) << 1
		if lit.negated {
			parameter++
		}
		lit.test = test{kind: testList, scale: scale, parameter: parameter}
	default:
		lit.test = test{kind: testSet, scale: scale, parameter: r.storeSet(cells, lit.scale.cells, lit.negated)}
	}
}

// storeSet stores a set of cells and returns its offset in words.
func (r *resolver) storeSet(cells []uint16, n int, negated bool) uint32 {
	words := newBitset(n)
	for _, c := range cells {
		words.add(uint32(c))
	}
	content := make([]byte, 0, 8*len(words))
	for i := range words {
		if negated {
			words[i] = ^words[i]
		}
		content = binary.LittleEndian.AppendUint64(content, words[i])
	}
	at, known := r.words[string(content)]
	if !known {
		at = uint32(len(r.ix.words))
		r.ix.words = append(r.ix.words, words...)
		r.words[string(content)] = at
	}
	return at
}

// storeList stores a short set of cells and returns its offset in lists.
func (r *resolver) storeList(cells []uint16) uint32 {
	content := make([]byte, 0, 2*len(cells))
	for _, c := range cells {
		content = binary.LittleEndian.AppendUint16(content, c)
	}
	at, known := r.lists[string(content)]
	if !known {
		at = uint32(len(r.ix.lists))
		r.ix.lists = append(append(r.ix.lists, uint16(len(cells))), cells...)
		r.lists[string(content)] = at
	}
	return at
}

// simplify merges the ranges of one scale that stand side by side in a
// conjunction: x >= 3 and x < 9 is one range.
func (f *formula) simplify() {
	for _, k := range f.kids {
		k.simplify()
	}
	if f.kind != formulaAnd {
		return
	}
	var kept []*formula
	for _, k := range f.kids {
		if !mergeRange(kept, k) {
			kept = append(kept, k)
		}
	}
	if len(kept) == 1 {
		*f = *kept[0]
		return
	}
	f.kids = kept
}

func mergeRange(kept []*formula, kid *formula) bool {
	if kid.kind != formulaLiteral || kid.lit.kind != literalRange || kid.lit.negated {
		return false
	}
	for _, other := range kept {
		if o := other.lit; other.kind == formulaLiteral && o.kind == literalRange && !o.negated && o.scale == kid.lit.scale {
			merged := *o
			merged.low = kid.lit.scale.tighter(o.low, kid.lit.low, 1)
			merged.high = kid.lit.scale.tighter(o.high, kid.lit.high, -1)
			other.lit = &merged
			return true
		}
	}
	return false
}

// tighter returns the higher of two lower bounds (direction 1) or the lower
// of two upper bounds (direction -1).
func (s *scale) tighter(a, b bound, direction int) bound {
	switch {
	case a.side == sideUnbounded:
		return b
	case b.side == sideUnbounded:
		return a
	case (s.firstBehind(a)-s.firstBehind(b))*direction < 0:
		return b
	}
	return a
}
