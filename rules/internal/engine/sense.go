package engine

import (
	"math/bits"

	"muster/profile"
)

// bring takes the value of a changed trait over.
func (m *Matcher) bring(c *profile.TraitChange) {
	value := &c.Value
	if !c.Known {
		value = nil
	}
	m.env.traits.tell(c.Trait, value)
}

// sense reads the sensors of a changed input anew and notes what moved.
func (m *Matcher) sense(l *sensors) {
	for _, i := range l.scales {
		if m.first(int(i)) {
			m.senseScale(i)
		}
	}
	for _, i := range l.bits {
		if m.first(len(m.index.scales) + int(i)) {
			m.senseBits(m.index.sensors[i])
		}
	}
	for _, i := range l.residuals {
		if m.first(len(m.index.scales) + len(m.index.sensors) + int(i)) {
			m.shifts = append(m.shifts, i)
		}
	}
}

// first reports whether a sensor is read for the first time in this turn.
func (m *Matcher) first(sensor int) bool {
	if m.read[sensor] == m.turn {
		return false
	}
	m.read[sensor] = m.turn
	return true
}

func (m *Matcher) senseScale(i int32) {
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

// cellOf places the value of a scale. A trait that was brought needs no
// reading.
func (m *Matcher) cellOf(s *scale) uint16 {
	if known := m.env.traits; s.trait >= 0 && known.turns[s.trait] == known.turn {
		return s.locate(&known.values[s.trait])
	}
	return s.cell(s.value(&m.env))
}

func (m *Matcher) senseBits(s *bitSensor) {
	words := m.bits[:(len(s.patterns)+63)/64]
	clear(words)
	s.read(s.value(&m.env), words)
	own := m.state.bits[s.first>>6:]
	for w, word := range words {
		for changed := own[w] ^ word; changed != 0; changed &= changed - 1 {
			m.toggle = append(m.toggle, s.first+w<<6+bits.TrailingZeros64(changed))
		}
		own[w] = word
	}
}
