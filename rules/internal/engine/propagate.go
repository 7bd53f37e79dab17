package engine

// propagate takes the profile out of and into the segments that the noted
// moves concern.
func (m *Matcher) propagate() {
	m.gather()
	m.leaveSegments(m.outs, true)
	m.enterSegments(m.ins, true)
	if len(m.allIns)+len(m.allOuts) > 0 {
		m.leaveSegments(m.allOuts, false)
		m.enterSegments(m.allIns, false)
	}
	m.ins, m.outs, m.allOuts, m.allIns = m.ins[:0], m.outs[:0], m.allOuts[:0], m.allIns[:0]
	m.moves, m.toggled, m.recompute = m.moves[:0], m.toggled[:0], m.recompute[:0]
	m.runPending()
}

// gather notes the lists that the moves lead to and reads the beginning of
// each, so that the processor fetches them side by side.
func (m *Matcher) gather() {
	ix := m.index
	for _, mv := range m.moves {
		m.gatherMove(mv)
	}
	for _, n := range m.toggled {
		at, end := &ix.byBit[n], &ix.byBit[n+1]
		if m.state.bits.has(uint32(n)) {
			m.noteLists(at.in, end.in, at.out, end.out)
		} else {
			m.noteLists(at.inBack, end.inBack, at.outBack, end.outBack)
		}
	}
	for _, i := range m.recompute {
		m.noteLists(ix.byResidual[i].in, ix.byResidual[i+1].in, ix.byResidual[i].out, ix.byResidual[i+1].out)
	}
}

// gatherMove notes the lists of a value that went from one cell to another:
// of the cells, and of the boundaries between them. When a value comes into
// the ordered region or leaves it, every boundary may matter and nothing is
// known of its predicates.
func (m *Matcher) gatherMove(mv move) {
	scale, lists := m.index.scales[mv.scale], &m.index.byScale[mv.scale]
	if c := lists.cells; c != nil {
		m.noteLists(c[mv.to].in, c[mv.to+1].in, c[mv.to].out, c[mv.to+1].out)
		m.noteLists(c[mv.from].inBack, c[mv.from+1].inBack, c[mv.from].outBack, c[mv.from+1].outBack)
	}
	boundaries := lists.boundaries
	if boundaries == nil {
		return
	}
	from, to := int(mv.from)-scale.base, int(mv.to)-scale.base
	switch {
	case from < 0 && to < 0:
	case from < 0 || to < 0:
		last := len(boundaries) - 1
		m.allIns = append(m.allIns, stretch{boundaries[0].in, boundaries[last].in}, stretch{boundaries[0].inBack, boundaries[last].inBack})
		m.allOuts = append(m.allOuts, stretch{boundaries[0].out, boundaries[last].out}, stretch{boundaries[0].outBack, boundaries[last].outBack})
	case to > from:
		m.noteLists(boundaries[from].in, boundaries[to].in, boundaries[from].out, boundaries[to].out)
	default:
		m.noteLists(boundaries[to].inBack, boundaries[from].inBack, boundaries[to].outBack, boundaries[from].outBack)
	}
}

func (m *Matcher) noteLists(inLow, inHigh, outLow, outHigh uint32) {
	if inLow < inHigh {
		m.ins = append(m.ins, stretch{inLow, inHigh})
		m.warmed += uint64(m.index.entries[inLow].rest)
	}
	if outLow < outHigh {
		m.outs = append(m.outs, stretch{outLow, outHigh})
		m.warmed += uint64(m.index.exits[outLow])
	}
}

// leaveSegments takes the profile out of the segments of exits that it is in, if
// their rules do not hold any more. Without trust, an exit's predicate may
// hold still.
func (m *Matcher) leaveSegments(all []stretch, trust bool) {
	for _, exit := range m.exitsOfMembers(all) {
		position := exit.position()
		switch {
		case !m.members.has(position): // another exit of the rule came first
		case exit.late():
			m.pend(position)
		case trust && exit.sure() || !m.run(position):
			m.flip(position)
		}
	}
}

// exitsOfMembers returns the exits whose segments the profile is in.
func (m *Matcher) exitsOfMembers(all []stretch) []exit {
	found, n := room(&m.foundExits, all), 0
	for _, s := range all {
		for _, exit := range m.index.exits[s.low:s.high] {
			found[n] = exit
			n += int(m.members.bit(exit.position()))
		}
	}
	return found[:n]
}

// enterSegments takes the profile into the segments of entries that it is not in, if
// their rules hold. Without trust, an entry's predicate may not hold.
func (m *Matcher) enterSegments(all []stretch, trust bool) {
	for _, i := range m.winnow(m.sift(all), m.members) {
		r := &m.index.rests[i]
		position := r.rule.position()
		switch {
		case m.members.has(position): // another entry of the rule came first
		case r.rule.late():
			m.pend(position)
		case trust && r.rule.complete() != 0 || m.run(position):
			m.flip(position)
		}
	}
}

// room returns space for what may be found in some stretches, kept for the
// next time.
func room[T any](kept *[]T, all []stretch) []T {
	total := 0
	for _, s := range all {
		total += int(s.high - s.low)
	}
	if len(*kept) <= total {
		*kept = make([]T, 2*total+64)
	}
	return *kept
}

// sift returns the rests of the entries whose gate holds. It writes
// every one and then counts it or not, without a branch that the processor
// would have to guess: which gates hold is close to random.
func (m *Matcher) sift(all []stretch) []uint32 {
	found, count := room(&m.found, all), 0
	ix, cells := m.index, m.state.cells
	for _, s := range all {
		entries := ix.entries[s.low:s.high]
		for i := range entries {
			e := &entries[i]
			found[count] = e.rest
			if e.gate.kind == testRange { // most are, and those of a kind stand together
				count += int(inRange(e.gate.parameter, cells[e.gate.scale]))
			} else if ix.gateHolds(&e.gate, m.state) {
				count++
			}
		}
	}
	return found[:count]
}

// winnow keeps the rests that hold of rules not among some members.
func (m *Matcher) winnow(rests []uint32, members bitset) []uint32 {
	ix, cells, n := m.index, m.state.cells, 0
	for _, i := range rests {
		r := &ix.rests[i]
		rests[n] = i
		out := 1 ^ members.bit(r.rule.position())
		if !r.rule.odd() {
			n += int(out & inRange(r.guards[0], cells[r.scales[0]]) & inRange(r.guards[1], cells[r.scales[1]]))
		} else {
			n += int(out & ix.restHolds(i, cells))
		}
	}
	return rests[:n]
}

// flip changes a membership and notes it; changing it back unnotes it.
func (m *Matcher) flip(position uint32) {
	m.members.flip(position)
	m.flipped.flip(position)
	m.touched.add(position >> 6)
	if mentioned := m.index.mentioned; mentioned != nil && mentioned.has(position) {
		for _, later := range m.set.dependents[int(position)] {
			m.pend(uint32(later))
		}
	}
}

// noteWord notes that the memberships of one word changed by these bits.
func (m *Matcher) noteWord(w int, changed uint64) {
	m.flipped[w] ^= changed
	m.touched.add(uint32(w))
}

// pend puts a rule that mentions segments behind the others.
func (m *Matcher) pend(position uint32) {
	at := position
	if m.index.evaluationIndex != nil {
		at = m.index.evaluationIndex[position]
	}
	m.pending.add(at)
	m.waiting = true
}

// runPending runs the pending rules in their order, so that every segment is
// known before a rule that mentions it is run.
func (m *Matcher) runPending() {
	if !m.waiting {
		return
	}
	for w := range m.pending {
		for m.pending[w] != 0 {
			position := m.pending.take(w)
			if m.index.evaluationOrder != nil {
				position = m.index.evaluationOrder[position]
			}
			if m.run(position) != m.members.has(position) {
				m.flip(position)
			}
		}
	}
	m.waiting = false
}
