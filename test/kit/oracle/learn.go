package oracle

import "muster/event"

// CauseBackfill is the cause of changes that history brings.
const CauseBackfill = "backfill"

// Known is an event and the stream time at which it counts as applied, in
// milliseconds since 1970 UTC.
type Known struct {
	Event *event.Event
	Clock int64
}

// Learn puts other events in the place of all that is known of a profile, as
// when history brings what nobody has seen: those that arrived up to a seam,
// in order of arrival, and then those that arrived behind it, in the order of
// the log. A messageId counts once within a day, as always. Where the run tells
// of conditions of held, all are asked along the way, as if everything had been
// known when it happened. Else since when one is true still depends on what was
// known when: one that becomes true now is true since now.
func (o *Oracle) Learn(profile string, known []Known, tells bool) {
	old := o.profiles[profile]
	h := &history{id: profile, applied: map[string]int64{}}
	for range o.conditions {
		h.since = append(h.since, never)
	}
	if old != nil && !tells {
		o.walk(old, o.clock)
		h.since = old.since
	}
	for _, k := range known {
		if tells {
			o.walk(h, k.Clock)
		}
		if h.add(k.Event, k.Clock, o.tables) && tells {
			o.step(h, k.Clock, o.conditions)
			h.ahead = plan(o.conditions, k.Clock, there)
		}
	}
	if tells {
		o.walk(h, o.clock)
	}
	o.profiles[profile] = h
	o.askAll(h)
}

// Learn has the oracle learn, and returns the changes that follow at once.
func (l *Log) Learn(profile string, known []Known, tells bool) []Change {
	l.oracle.Learn(profile, known, tells)
	rec := l.profiles[profile]
	if rec == nil {
		rec = &record{member: make([]bool, len(l.oracle.rules))}
		l.profiles[profile] = rec
	}
	rec.history = l.oracle.profiles[profile]
	rec.ahead = l.plan()
	return l.ask(rec, l.oracle.clock, l.oracle.rules, CauseBackfill)
}
