package engine

// evaluateFull finds the memberships of a profile from its state alone and
// notes how they differ from those it has.
func (m *Matcher) evaluateFull() {
	ix, st := m.index, m.state
	clear(m.fresh)
	for i := range ix.full.byScale {
		m.noteCell(&ix.full.byScale[i], ix.scales[i], st.cells[i])
	}
	if lists := ix.full.byBit; lists != nil {
		for w, word := range st.bits {
			for ; word != 0; word &= word - 1 {
				n := least(w, word)
				m.ins = append(m.ins, stretch{lists[n].in, lists[n+1].in})
			}
		}
	}
	if lists := ix.full.everyProfile; lists != nil {
		m.ins = append(m.ins, stretch{lists[0].in, lists[1].in})
	}
	m.admit(m.winnow(m.sift(m.ins), m.fresh))
	m.ins = m.ins[:0]
	for _, position := range ix.full.always {
		if m.run(position) {
			m.fresh.add(position)
		}
	}
	m.takeFresh()
}

// noteCell notes the entries that a value leads to.
func (m *Matcher) noteCell(a *scalePostings, s *scale, c uint16) {
	if a.cells != nil {
		m.noteEntries(a.cells[c].in, a.cells[c+1].in)
	}
	if a.boundaries == nil || !s.isOrdered(c) {
		return
	}
	k, last := int(c)-s.base, len(a.boundaries)-1
	m.noteEntries(a.boundaries[0].in, a.boundaries[k].in)
	m.noteEntries(a.boundaries[k].inBack, a.boundaries[last].inBack)
}

func (m *Matcher) noteEntries(low, high uint32) {
	if low < high {
		m.ins = append(m.ins, stretch{low, high})
	}
}

// admit adds the rules of rests that hold, if they are true: without a branch
// where the rest is complete, and then those whose programs have to tell.
func (m *Matcher) admit(rests []uint32) {
	unsure := 0
	for _, i := range rests {
		rule := m.index.rests[i].rule
		position, complete := rule.position(), rule.complete()
		m.fresh.addBit(position, complete)
		rests[unsure] = position
		unsure += int(1 - complete)
	}
	for _, position := range rests[:unsure] {
		if !m.fresh.has(position) && m.run(position) {
			m.fresh.add(position)
		}
	}
}

// takeFresh takes the fresh memberships over and runs the rules that
// mention segments, in order of position.
func (m *Matcher) takeFresh() {
	members := m.members
	for w, word := range m.fresh {
		if old := members[w] &^ m.index.late[w]; old != word {
			m.noteWord(w, old^word)
			members[w] ^= old ^ word
		}
	}
	for _, position := range m.index.full.late {
		m.pend(position)
	}
	m.runPending()
}
