package oracle

import (
	"cmp"
	"slices"
	"strings"

	"muster/event"
)

// The causes of a Change.
const (
	CauseEvent = "event"
	CauseTime  = "time"
)

// Change is one profile entering or leaving one segment.
type Change struct {
	Segment string
	Profile string
	Entered bool
	At      int64  // stream time of the change, milliseconds since 1970 UTC
	Version uint64 // per profile 1, 2, 3, ...
	Cause   string
}

// Log derives the exact list of changes by brute force: it asks an Oracle
// again at every instant at which an answer may flip.
type Log struct {
	// Around also asks a millisecond before and after every such instant,
	// where nothing may change. It must be set before the first event.
	Around bool

	oracle   *Oracle
	profiles map[string]*record
	asked    Asked
}

// Asked counts the answers that the changes of a Log rest on, those that
// changed nothing included.
type Asked struct {
	AtEvents   int64 // every rule after each event that is not a repeat
	AtInstants int64 // every rule whose answer may flip, at each instant where it may
}

// record is what a Log knows of one profile.
type record struct {
	history *history
	member  []bool // by number of the rule
	version uint64
	ahead   agenda // what to ask if nothing happens
}

// NewLog starts a log over the rules, at stream time 0 with no profiles.
func NewLog(rules map[string]string) (*Log, error) {
	o, err := New(rules)
	if err != nil {
		return nil, err
	}
	return &Log{oracle: o, profiles: map[string]*record{}}, nil
}

// Oracle returns the oracle behind the log, for asking. Only the log may
// apply events to it or advance it.
func (l *Log) Oracle() *Oracle { return l.oracle }

// Asked returns how many answers were asked for so far.
func (l *Log) Asked() Asked { return l.asked }

// Apply returns the changes that fall due up to the event's arrival, then
// those of the event itself, in the order in which they are emitted.
func (l *Log) Apply(e *event.Event) []Change {
	changes := l.Advance(e.Arrival)
	if !l.oracle.Apply(e) {
		return changes
	}
	rec := l.profiles[e.Profile]
	if rec == nil {
		rec = &record{history: l.oracle.profiles[e.Profile], member: make([]bool, len(l.oracle.rules)), version: l.oracle.forgotten[e.Profile].version}
		l.profiles[rec.history.id] = rec
	}
	l.asked.AtEvents += int64(len(l.oracle.rules))
	rec.ahead = l.plan()
	return append(changes, l.ask(rec, l.oracle.clock, l.oracle.rules, CauseEvent)...)
}

// plan is what is to be asked about a profile to which something has just
// happened.
func (l *Log) plan() agenda {
	if l.Around {
		return plan(l.oracle.rules, l.oracle.clock, around)
	}
	return plan(l.oracle.rules, l.oracle.clock, there)
}

// Advance moves stream time forward to ms and returns the changes that fall
// due on the way, by time, then profile, then segment.
func (l *Log) Advance(ms int64) []Change {
	var changes []Change
	for _, id := range l.oracle.Profiles() {
		changes = append(changes, l.pass(l.profiles[id], ms)...)
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Profile, b.Profile))
	})
	l.oracle.Advance(ms)
	return changes
}

// pass asks what is on the agenda of one profile until an instant.
func (l *Log) pass(rec *record, until int64) []Change {
	var changes []Change
	for {
		now, rules := rec.ahead.next(rec.history, until)
		if rules == nil {
			return changes
		}
		l.oracle.walk(rec.history, now)
		changes = append(changes, l.ask(rec, now, rules, CauseTime)...)
		l.asked.AtInstants += int64(len(rules))
	}
}

// ask compares what some rules say of a profile at one instant with what
// they said before, in ascending order of segment id.
func (l *Log) ask(rec *record, now int64, rules []*rule, cause string) []Change {
	var changes []Change
	m := l.oracle.moment(rec.history, now)
	for _, u := range rules {
		in := m.holds(u)
		if in == rec.member[u.number] {
			continue
		}
		rec.member[u.number] = in
		rec.version++
		changes = append(changes, Change{
			Segment: u.id, Profile: rec.history.id, Entered: in, At: now, Version: rec.version, Cause: cause,
		})
	}
	return changes
}
