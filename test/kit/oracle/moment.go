package oracle

import "fmt"

// moment is one profile at one instant. Everything asked about it shares
// the streams and memberships already worked out.
type moment struct {
	oracle  *Oracle
	profile *history
	now     int64
	streams []any // by number, each a []any; nil where not worked out
	member  map[string]bool
}

// moment begins the oracle's only moment anew, so that the one before must
// not be asked any more.
func (o *Oracle) moment(h *history, now int64) *moment {
	m := &o.at
	m.oracle, m.profile, m.now = o, h, now
	clear(m.streams)
	clear(m.member)
	return m
}

// stream is one spelling of events(...) over the whole history, as a []any.
func (m *moment) stream(number int) any {
	if m.streams[number] == nil {
		m.streams[number] = m.oracle.streams[number].of(m.profile.events, m.now)
	}
	return m.streams[number]
}

// known is a membership that member has worked out before.
func (m *moment) known(segment string) bool {
	in, done := m.member[segment]
	if !done {
		panic("oracle: segment " + segment + " is asked for before it is known")
	}
	return in
}

// holds runs a rule, after the segments it mentions.
func (m *moment) holds(u *rule) bool {
	if in, done := m.member[u.id]; done {
		return in
	}
	for _, id := range u.needs {
		m.holds(m.oracle.byID[id])
	}
	result, err := m.oracle.machine.Run(u.program, m.profile.environment())
	if err != nil {
		panic(fmt.Sprintf("oracle: no rule may fail at run time, %s does: %v", u.id, err))
	}
	in := result.(bool)
	m.member[u.id] = in
	return in
}
