package engine

// index finds the rules that a change may flip without looking at the
// others. It follows the methods of Whang et al. (Indexing Boolean
// Expressions, VLDB 2009), Fabret et al. (Filtering Algorithms, SIGMOD 2001)
// and Ji and Jacobsen (A-Tree, SIGMOD 2021), turned from matching whole
// events to following single changes:
//
//   - Scales cut each value into cells. A change within a cell flips nothing
//     and costs one comparison.
//   - A change from one cell to another makes known predicates true and
//     others false. For each there is a posting: with a gate, the other
//     predicate of the rule least likely to hold, and with the number of a
//     rest, which has the rule's next guards. Most postings die at the
//     gate; where the guards are not all of the rule its program runs.
//   - Rules that may be left are looked at only if the profile is in them.
//   - In a full evaluation, every rule is reached through one set of its
//     predicates of which at least one must hold, the set that is expected to
//     cost least.
//
// It is part of a Set and immutable.
type index struct {
	scales     []*scale
	sensors    []*bitSensor
	residuals  []residualCondition
	bitWords   int    // words of bits in a State
	words      bitset // of sets of cells, one behind the other
	lists      []uint16
	programs   programs
	entries    []entry
	rests      []rest
	exits      []exit
	byScale    []scalePostings
	byBit      []offsets // by bit: in and out when it rises, back when it falls
	byResidual []offsets // by residual
	full       fullIndex
	late       bitset // of positions: the rule mentions segments
	mentioned  bitset // of positions: a rule mentions the segment; nil for none
	heldIndex
	blank State // of a profile that has nothing
}

// residualCondition is what no scale or bit can tell.
type residualCondition struct {
	test   condition
	inputs inputs
	text   string // for people
}

// entry is a posting of a rule that may be entered: 12 bytes.
type entry struct {
	gate test
	rest uint32 // number of the rest
}

// MaxSegments is the number of segments that a Set can have, the different
// conditions of held(...) in their rules included.
const MaxSegments = 1 << positionBits

// stretch is a part of the entries, or of the exits, of the index.
type stretch struct{ low, high uint32 }

// offsets say where the lists of one key begin; those of the next key say
// where they end. The four stand together because a move needs most of them.
type offsets struct {
	in, out         uint32 // entries and exits when the key is reached, or a boundary crossed upwards
	inBack, outBack uint32 // when it is left, or a boundary crossed downwards
}

// scalePostings are the postings of one scale by cell and, in the ordered
// region, by the boundaries between neighbouring cells. Nil where all are
// empty.
type scalePostings struct {
	cells      []offsets
	boundaries []offsets
}

// gateHolds reports whether a gate holds that is not a range.
func (ix *index) gateHolds(g *test, st *State) bool {
	switch g.kind {
	case testSet:
		return ix.inSet(g.parameter, st.cells[g.scale])
	case testBit:
		return st.bits.bit(g.parameter>>1) != g.parameter&1
	}
	return true
}

// inSet looks for a cell in a set of cells.
func (ix *index) inSet(at uint32, c uint16) bool { return ix.words.hasFrom(at, c) }

// inRange is 1 if a cell lies in the range of a testRange, else 0. It has no
// branch, which the processor would have to guess.
func inRange(parameter uint32, c uint16) uint32 {
	return (uint32(c-uint16(parameter)) - parameter>>16) >> 31
}
