package engine

import "muster/profile"

// tellTrait takes the value of a changed trait over, so that nobody reads it.
func (m *Matcher) tellTrait(c *profile.TraitChange) {
	value := &c.Value
	if !c.Known {
		value = nil
	}
	m.env.traits.tell(c.Trait, value)
}

// refresh reads the sensors of a changed input anew, writes what they tell into
// the State and notes what moved.
func (m *Matcher) refresh(changed *sensors) {
	for _, i := range changed.scales {
		if m.firstRead(int(i)) {
			m.refreshScale(i)
		}
	}
	for _, i := range changed.bits {
		if m.firstRead(len(m.index.scales) + int(i)) {
			m.refreshBits(m.index.sensors[i])
		}
	}
	for _, i := range changed.residuals {
		if m.firstRead(len(m.index.scales) + len(m.index.sensors) + int(i)) {
			m.recompute = append(m.recompute, i)
		}
	}
}

// firstRead reports whether a sensor is read for the first time in this reading.
func (m *Matcher) firstRead(sensor int) bool {
	if m.read[sensor] == m.reading {
		return false
	}
	m.read[sensor] = m.reading
	return true
}

func (m *Matcher) refreshScale(i int32) {
	s := m.index.scales[i]
	to := m.cellNow(s)
	if from := m.state.cells[i]; from != to {
		m.state.cells[i] = to
		m.moves = append(m.moves, move{i, from, to})
	}
}

// cellNow returns the cell that a scale's value is in. A sum or mean over a
// window is not added up when it is known closely enough.
func (m *Matcher) cellNow(s *scale) uint16 {
	if s.query != nil {
		if low, high, ok := m.env.profile.Around(m.set.schema, *s.query, m.env.now); ok {
			if cell := s.numberCell(low); cell == s.numberCell(high) {
				return cell
			}
		}
	}
	return m.cellOf(s)
}

// cellOf returns the cell of a scale's value. A trait that was told needs no
// reading.
func (m *Matcher) cellOf(s *scale) uint16 {
	if known := m.env.traits; s.trait >= 0 && known.readings[s.trait] == known.reading {
		return s.locate(&known.values[s.trait])
	}
	return s.cell(s.value(&m.env))
}

func (m *Matcher) refreshBits(s *bitSensor) {
	words := m.bits[:bitsetWords(len(s.patterns))]
	clear(words)
	s.read(s.value(&m.env), words)
	own := m.state.bits[s.first>>6:]
	for w, word := range words {
		for changed := own[w] ^ word; changed != 0; changed &= changed - 1 {
			m.toggled = append(m.toggled, s.first+int(least(w, changed)))
		}
		own[w] = word
	}
}
