package engine

import (
	"cmp"
	"slices"
)

// rest is what an entry's predicate and gate do not tell of its rule: up to
// two guards, and more in the rests behind it. The entries of one literal
// share it. 16 bytes, four in a line of the cache.
type rest struct {
	rule   ruleRef
	guards [restGuards]uint32
	scales [restGuards]uint16
}

// restGuards is the number of guards of a rest. One that is not needed holds
// of every cell.
const (
	restGuards = 2
	anyCell    = 0xFFFF << 16 // as testRange: scales have fewer cells
)

// restHolds is 1 if all guards of the rest at i hold, else 0, whatever their kinds
// and number.
func (ix *index) restHolds(i uint32, cells []uint16) uint32 {
	for ; ; i++ {
		one := &ix.rests[i]
		for k, parameter := range one.guards {
			c := cells[one.scales[k]]
			if one.rule.isSet(k) {
				if !ix.inSet(parameter, c) {
					return 0
				}
			} else if inRange(parameter, c) == 0 {
				return 0
			}
		}
		if !one.rule.more() {
			return 1
		}
	}
}

// guarded makes an entry of the rule for a literal with the path at hand, and
// its rest. Sufficient says that the rule holds if the literal and the
// path do. The formulas of the guards stay in usable, the gate's first.
func (r *ruleFiling) guarded(l *literal, sufficient bool) entryPosting {
	tests := r.guards()
	complete := sufficient && len(tests) == len(r.path) && l.kind != literalResidual && !r.late
	if l.unsure() {
		if l.test.kind.guards() {
			tests = append(tests, l.test)
		} else {
			complete = false
		}
	}
	posted := entryPosting{
		entry: entry{gate: test{kind: testRange, parameter: anyCell}, rest: uint32(len(r.rests))},
		rule:  ruleRef(r.position),
	}
	if r.late {
		posted.rule |= refLate
	}
	if len(tests) > 0 {
		posted.entry.gate, tests = tests[0], tests[1:]
	}
	if r.rest(posted.rule, tests) && complete {
		r.rests[posted.entry.rest].rule |= refComplete
	}
	posted.odd = r.rests[posted.entry.rest].rule.odd()
	return posted
}

// rest appends the rests that take the tests, and reports whether these can
// all be guards.
func (f *filing) rest(rule ruleRef, tests []test) bool {
	one := rest{rule: rule, guards: [restGuards]uint32{anyCell, anyCell}}
	all, count := true, 0
	for _, guard := range tests {
		if guard.kind != testRange && guard.kind != testSet {
			all = false
			continue
		}
		if count == restGuards {
			one.rule |= refMore
			f.rests = append(f.rests, one)
			one, count = rest{rule: rule, guards: [restGuards]uint32{anyCell, anyCell}}, 0
		}
		one.guards[count], one.scales[count] = guard.parameter, guard.scale
		if guard.kind == testSet {
			one.rule |= refSet << count
		}
		count++
	}
	f.rests = append(f.rests, one)
	return all
}

// guards lists the tests of the path that can serve as guards. Those of bits
// come first, because only a gate can be one; then those that hold least.
func (r *ruleFiling) guards() []test {
	r.usable, r.tests = r.usable[:0], r.tests[:0]
	for _, n := range r.path {
		if n.lit.test.kind.guards() {
			r.usable = append(r.usable, n)
		}
	}
	slices.SortStableFunc(r.usable, func(a, b *formula) int {
		return cmp.Or(cmp.Compare(b.lit.test.kind, testBit)-cmp.Compare(a.lit.test.kind, testBit), cmp.Compare(a.share, b.share))
	})
	for _, n := range r.usable {
		r.tests = append(r.tests, n.lit.test)
	}
	return r.tests
}

// unsure reports whether the literal may be false where it is looked at: a
// long move may pass over the range, and a move from one of several
// excluded cells may end in another.
func (l *literal) unsure() bool {
	switch l.kind {
	case literalRange:
		low, high := l.ends()
		return !l.negated && low > l.scale.base && high < l.scale.cells
	case literalOneOf:
		return l.negated && len(l.values) > 1
	}
	return false
}

// restsFrom are the rest at i and those behind it that have more guards.
func (f *filing) restsFrom(i uint32) []rest {
	n := i + 1
	for f.rests[n-1].rule.more() {
		n++
	}
	return f.rests[i:n]
}
