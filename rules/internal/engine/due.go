package engine

import (
	"slices"

	"muster/profile"
)

// due is the first instant at which time may flip something that is read of
// one series of a profile; 0 for never. It stays the same until an event
// changes the series or the instant comes, so a State remembers it.
type due struct {
	series int
	at     int64
}

// outdated stands for an instant that is not known any more. Like one that
// has come it lies before now, and 0 does not.
const outdated = -1

func (d *due) come(now int64) bool { return d.at != 0 && d.at <= now }

// outdate forgets the instants of series that an event changed.
func (m *Matcher) outdate(changed []int) {
	st := m.state
	for _, series := range changed {
		if !m.set.timings[series].moves() {
			continue
		}
		i, known := slices.BinarySearchFunc(st.due, series, func(d due, series int) int { return d.series - series })
		if !known {
			st.due = slices.Insert(st.due, i, due{series: series})
		}
		st.due[i].at = outdated
	}
}

// newDue lists, in memory that is free, the series of a profile that time may
// move something of.
func (m *Matcher) newDue(p *profile.Profile, free []due) []due {
	n := 0
	p.Each(func(int) { n++ })
	list := slices.Grow(free, n)
	p.Each(func(series int) {
		if m.set.timings[series].moves() {
			list = append(list, due{series, outdated})
		}
	})
	return list
}

// refreshDue reads what time may have moved at stream time now.
func (m *Matcher) refreshDue(now int64) {
	for _, d := range m.state.due {
		if d.come(now) {
			m.refresh(&m.set.listeners.series[d.series])
		}
	}
}

// updateDue finds the instants that are not known, or have come, anew, and
// returns the first of all, 0 for none.
func (m *Matcher) updateDue(p *profile.Profile, now int64) int64 {
	first := int64(0)
	for i := range m.state.due {
		one := &m.state.due[i]
		if one.come(now) {
			crossings := crossingsOfQuiet
			if one.at == outdated {
				crossings = crossingsOfEvent
			}
			one.at = m.nextDue(p, &m.set.timings[one.series], now, crossings)
		}
		first = earlier(first, one.at)
	}
	return first
}

// How many instants to follow a value that has to be followed. After an
// event few do: the next event will have it followed anew. When an instant
// has come and no event before it, the profile is quiet, and a long look is
// cheaper than being woken for nothing, which is all that a short one costs.
const (
	crossingsOfEvent = 32
	crossingsOfQuiet = 1024
)

// nextDue returns the first instant after now at which time may flip
// something that is read of a series, 0 for never.
func (m *Matcher) nextDue(p *profile.Profile, t *timing, now int64, crossings int) int64 {
	next := int64(0)
	for _, q := range t.queries {
		next = earlier(next, p.NextChange(m.set.schema, q, now))
	}
	for _, i := range t.scales {
		s := m.index.scales[i]
		next = earlier(next, m.ahead.Next(p, m.set.schema, *s.query, now, s, m.state.cells[i], crossings))
	}
	return next
}

// earlier returns the earlier of two instants, where 0 is never.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
