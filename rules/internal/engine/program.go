package engine

import "slices"

// testKind is the kind of one test in a program.
type testKind uint8

const (
	testConst    testKind = iota // parameter: 1 for true
	testRange                    // of a scale's cell: first cell, and number of cells, wrapping around
	testSet                      // of a scale's cell: offset of a bitset in words
	testBit                      // bit of the state, lowest bit: negated
	testList                     // of a scale's cell: offset in lists, lowest bit: negated
	testMember                   // position, lowest bit: negated
	testResidual                 // number, lowest bit: negated
	testHeld                     // number of a hold, lowest bit: negated
)

// guards reports whether tests of a kind can serve as guards.
func (k testKind) guards() bool { return k >= testRange && k <= testBit }

// test is a literal ready to be run: 8 bytes.
type test struct {
	parameter uint32
	scale     uint16
	kind      testKind
}

// instruction is a test and where to go on: 12 bytes.
type instruction struct {
	test
	whenTrue, whenFalse int16 // instructions ahead in the same rule
}

// Jumps that end a program.
const (
	jumpAccept = -1
	jumpRefuse = -2
)

// programs are the rules as jump programs, one behind the other.
type programs struct {
	code  []instruction
	start []uint32 // by position
}

// maxLiterals bounds the instructions of one rule: jumps have 16 bits, and a
// rule with more would fill the index with postings. It is computed instead.
const maxLiterals = 4096

// add appends the program of the next position.
func (p *programs) add(part *formula) {
	p.start = append(p.start, uint32(len(p.code)))
	base := len(p.code)
	var emit func(part *formula, whenTrue, whenFalse int16)
	emit = func(part *formula, whenTrue, whenFalse int16) {
		if part.kind == formulaLiteral {
			p.code = append(p.code, instruction{part.lit.test, whenTrue, whenFalse})
			return
		}
		for i, kid := range part.kids {
			if i == len(part.kids)-1 {
				emit(kid, whenTrue, whenFalse)
				continue
			}
			behind := int16(len(p.code) - base + kid.literals())
			if part.kind == formulaAnd {
				emit(kid, behind, whenFalse)
			} else {
				emit(kid, whenTrue, behind)
			}
		}
	}
	emit(part, jumpAccept, jumpRefuse)
}

// run evaluates the rule at a position.
func (m *Matcher) run(position uint32) bool {
	ix := m.index
	code := ix.programs.code[ix.programs.start[position]:]
	cells := m.state.cells
	pc := int16(0)
	for {
		in := &code[pc]
		var holds bool
		switch in.kind {
		case testRange:
			holds = cells[in.scale]-uint16(in.parameter) < uint16(in.parameter>>16)
		case testSet:
			holds = ix.inSet(in.parameter, cells[in.scale])
		default:
			holds = m.test(&in.test)
		}
		if holds {
			pc = in.whenTrue
		} else {
			pc = in.whenFalse
		}
		if pc < 0 {
			return pc == jumpAccept
		}
	}
}

// test runs the rarer kinds of tests.
func (m *Matcher) test(one *test) bool {
	negated := one.parameter&1 != 0
	switch number := one.parameter >> 1; one.kind {
	case testBit:
		return m.state.bits.has(number) != negated
	case testMember:
		return m.env.profile.Members.Has(int(number)) != negated
	case testResidual:
		return m.residual(number) != negated
	case testHeld:
		return m.env.held(m.index.heldFor[number]) != negated
	case testList:
		return m.index.inList(number, m.state.cells[one.scale]) != negated
	}
	return negated
}

// residual computes a condition, at most once per evaluation.
func (m *Matcher) residual(n uint32) bool {
	if m.memo[n].reading != m.reading {
		m.memo[n] = memo{reading: m.reading, holds: m.index.residuals[n].test(&m.env)}
	}
	return m.memo[n].holds
}

// memo remembers a residual's truth during one evaluation.
type memo struct {
	reading uint64
	holds   bool
}

// inList looks for a cell in a short list: its length, then its cells.
func (ix *index) inList(at uint32, cell uint16) bool {
	n := uint32(ix.lists[at])
	return slices.Contains(ix.lists[at+1:at+1+n], cell)
}
