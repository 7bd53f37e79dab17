package engine

import (
	"muster/event"
	"muster/profile"
)

// State is what the index keeps of a profile in memory: the cell of every
// scale and the bits of every sensor. It belongs to one Set.
type State struct {
	set   *Set
	cells []uint16
	bits  bitset
	due   []due // by series
}

// Bytes is the memory a State takes.
func (s *State) Bytes() int { return 88 + 2*len(s.cells) + 8*len(s.bits) + 16*cap(s.due) }

// Forget makes a State that of no profile any more: the next one that is read
// may use its memory.
func (s *State) Forget() { s.set = nil }

// renewed returns a State for a profile in the memory of another one, where that
// has the size; else a new one.
func (m *Matcher) renewed(old any) *State {
	blank := &m.index.blank
	st, ok := old.(*State)
	if !ok || len(st.cells) != len(blank.cells) || len(st.bits) != len(blank.bits) {
		st = &State{cells: make([]uint16, len(blank.cells)), bits: make(bitset, len(blank.bits))}
	}
	st.set = m.set
	copy(st.cells, blank.cells)
	copy(st.bits, blank.bits)
	return st
}

// readState reads a profile's State from scratch. Most of it is that of a
// profile that has nothing; what the profile has anything for is read anew.
func (m *Matcher) readState(p *profile.Profile) *State {
	st := m.renewed(p.Derived)
	st.due = m.newDue(p, st.due[:0])
	m.state = st
	l := &m.set.listeners
	for _, trait := range m.tellTraits(p) {
		m.refresh(&l.traits[trait])
	}
	p.Each(func(series int) { m.refresh(&l.series[series]) })
	for _, one := range []*sensors{&l.firstSeen, &l.lastSeen, &l.groups, &l.identity} {
		m.refresh(one)
	}
	m.moves, m.toggled, m.recompute = m.moves[:0], m.toggled[:0], m.recompute[:0]
	m.reading++ // what was read may be read again; the traits are the same
	return st
}

// tellTraits takes the values of all traits over and returns which the profile
// has anything of, some of them several times.
func (m *Matcher) tellTraits(p *profile.Profile) []int {
	known := m.env.traits
	m.present = m.present[:0]
	p.EachTrait(m.set.schema, func(trait int, value *event.Value) {
		known.tell(trait, value)
		m.present = append(m.present, trait)
	})
	var missing event.Value
	for i := range known.readings {
		if !known.told(i) {
			known.put(i, &missing)
		}
	}
	return m.present
}

// readBlank fills in the state of a profile that has nothing.
func (ix *index) readBlank(s *Set) {
	e := &env{set: s, profile: profile.New("")}
	ix.blank = State{set: s, cells: make([]uint16, max(1, len(ix.scales))), bits: make(bitset, ix.bitWords)}
	for i, one := range ix.scales {
		ix.blank.cells[i] = one.cell(one.value(e))
	}
	for _, one := range ix.sensors {
		one.read(one.value(e), ix.blank.bits[one.first>>6:][:bitsetWords(len(one.patterns))])
	}
}
