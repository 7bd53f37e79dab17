package oracle

import "fmt"

// moment is one profile at one instant. Everything asked about it shares
// the streams and memberships already worked out.
type moment struct {
	oracle  *Oracle
	profile *history
	now     int64
	streams map[int][]any
	member  map[string]bool
}

func (o *Oracle) moment(h *history, now int64) *moment {
	return &moment{oracle: o, profile: h, now: now, streams: map[int][]any{}, member: map[string]bool{}}
}

// stream is one spelling of events(...) over the whole history.
func (m *moment) stream(index int) []any {
	kept, done := m.streams[index]
	if !done {
		kept = m.oracle.streams[index].of(m.profile.events, m.now)
		m.streams[index] = kept
	}
	return kept
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
	m.oracle.at = m
	result, err := m.oracle.machine.Run(u.program, m.profile.environment())
	if err != nil {
		panic(fmt.Sprintf("oracle: no rule may fail at run time, %s does: %v", u.id, err))
	}
	in := result.(bool)
	m.member[u.id] = in
	return in
}
