package rules

// index finds the rules that a change may flip without looking at the
// others. It follows the methods of Whang et al. (Indexing Boolean
// Expressions, VLDB 2009), Fabret et al. (Filtering Algorithms, SIGMOD 2001)
// and Ji and Jacobsen (A-Tree, SIGMOD 2021), turned from matching whole
// events to following single changes:
//
//   - Scales cut each value into cells. A change within a cell flips nothing
//     and costs one comparison.
//   - A change from one cell to another makes known predicates true and
//     others false. For each there is a posting: with the rule, and with up
//     to three guards, the other predicates of the rule least likely to
//     hold. The first stands apart, densely packed, because most postings
//     die at it; where the guards are not the whole rule its program runs.
//   - Rules that may be left are looked at only if the profile is in them.
//   - When a profile is evaluated whole, every rule is reached through one
//     set of its predicates of which at least one must hold.
//
// It is part of a Set and immutable.
type index struct {
	scales    []*scale
	sensors   []*bitSensor
	residuals []residualCondition
	bitWords  int // words of bits in a State
	words     []uint64
	lists     []uint16
	programs  programs
	gates     []test // first guard of each entry
	entries   []entry
	leaves    []uint32
	byScale   []scalePostings
	bits      []offsets // by bit: in and out when it rises, back when it falls
	shift     []offsets // by residual
	access    access
	late      []uint64 // set of positions: the rule mentions segments
	mentioned []uint64 // set of positions: a rule mentions the segment; nil for none
	holding
	blank State // of a profile that has nothing
}

// residualCondition is what no scale or bit can tell.
type residualCondition struct {
	test   condition
	inputs inputs
	text   string // for people
}

// entry is a posting of a rule that may be entered, its first guard
// excepted: 20 bytes.
type entry struct {
	guard2, guard3 uint32 // parameters of the guards
	scale2, scale3 uint16
	rule           uint32 // position and flags
	program        uint32 // where the rule's program begins
}

// Parts of entry.rule and of leaves.
const (
	positionBits = 24
	positionMask = 1<<positionBits - 1
	flagLate     = 1 << 24 // the rule mentions segments: to be settled after them
	flagComplete = 1 << 25 // of entries: the posting's predicate and its guards are the whole rule
	flagSure     = 1 << 25 // of leaves: the rule can't hold any more
	kind2Shift   = 26
	kind3Shift   = 29
	kindMask     = 7
)

// MaxSegments is the number of segments that a Set can have.
const MaxSegments = 1 << positionBits

// stretch is a part of the entries, or of the leaves, of the index.
type stretch struct{ low, high uint32 }

// offsets say where the lists of one key begin; those of the next key say
// where they end. The four stand together because a move needs most of them.
type offsets struct {
	in, out         uint32 // entries and leaves when the key is reached, or a boundary crossed upwards
	inBack, outBack uint32 // when it is left, or a boundary crossed downwards
}

// scalePostings are the postings of one scale by cell and, in the ordered
// region, by the boundaries between neighbouring cells. Nil where all are
// empty.
type scalePostings struct {
	cells      []offsets
	boundaries []offsets
}

// holds reports whether a guard of an entry holds.
func (ix *index) holds(kind testKind, scale uint16, parameter uint32, st *State) bool {
	switch kind {
	case testRange:
		return st.cells[scale]-uint16(parameter) < uint16(parameter>>16)
	case testMask:
		return parameter>>st.cells[scale]&1 != 0
	case testWords:
		c := st.cells[scale]
		return ix.words[parameter+uint32(c>>6)]>>(c&63)&1 != 0
	case testBit:
		return uint32(st.bits[parameter>>7]>>(parameter>>1&63)&1) != parameter&1
	}
	return true
}

// guarded reports whether the second and third guard of an entry hold.
func (ix *index) guarded(e *entry, st *State) bool {
	return ix.holds(testKind(e.rule>>kind2Shift&kindMask), e.scale2, e.guard2, st) &&
		ix.holds(testKind(e.rule>>kind3Shift), e.scale3, e.guard3, st)
}

// State is what the index keeps of a profile in memory: the cell of every
// scale and the bits of every sensor. It belongs to one Set.
type State struct {
	set   *Set
	cells []uint16
	bits  []uint64
	due   []due // by series
}

// Bytes is the memory a State takes.
func (s *State) Bytes() int { return 88 + 2*len(s.cells) + 8*len(s.bits) + 16*cap(s.due) }
