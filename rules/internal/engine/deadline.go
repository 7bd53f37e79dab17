package engine

import (
	"math"

	"muster/profile"
)

// Deadline returns the first instant after now at which a membership may
// flip without an event, or 0 for none. It may name an instant at which
// nothing flips, never one too late. The profile's State must be that of now.
func (m *Matcher) Deadline(p *profile.Profile, now int64) int64 {
	m.attach(p, now)
	next := m.updateDue(p, now)
	sooner := func(at int64) {
		if at > now {
			next = earlier(next, at)
		}
	}
	m.eachRipening(p, sooner)
	for _, i := range m.set.ages {
		sooner(m.nextAge(i, now))
	}
	for _, t := range m.set.moments {
		if at, ok := t.value(&m.env).AsTime(); ok {
			sooner(at - t.offset)
			sooner(at - t.offset + 1)
		}
	}
	return next
}

// momentTest is a comparison of a value with the current time and an offset.
type momentTest struct {
	value  evaluator
	offset int64
}

// nextAge returns the instant at which an age grows out of the numbers that
// no rule tells from it, 0 for never.
func (m *Matcher) nextAge(i int, now int64) int64 {
	s := m.index.scales[i]
	interval, known := s.Interval(m.state.cells[i])
	if !known || math.IsInf(interval.High, 1) {
		return 0
	}
	at := now + int64(interval.High-s.value(&m.env).Number())
	if interval.WithHigh {
		at++
	}
	return at
}
