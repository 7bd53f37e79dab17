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
	oracle   *Oracle
	member   map[string]map[string]bool // profile -> segment
	versions map[string]uint64
}

// NewLog starts a log over the rules, at stream time 0 with no profiles.
func NewLog(rules map[string]string) (*Log, error) {
	o, err := New(rules)
	if err != nil {
		return nil, err
	}
	return &Log{oracle: o, member: map[string]map[string]bool{}, versions: map[string]uint64{}}, nil
}

// Oracle returns the oracle behind the log, for asking. Only the log may
// apply events to it or advance it.
func (l *Log) Oracle() *Oracle { return l.oracle }

// Apply returns the changes that fall due up to the event's arrival, then
// those of the event itself, in the order in which they are emitted.
func (l *Log) Apply(e *event.Event) []Change {
	changes := l.Advance(e.Arrival)
	if !l.oracle.Apply(e) {
		return changes
	}
	h := l.oracle.profiles[e.Profile]
	return append(changes, l.step(h, l.oracle.clock, l.oracle.rules, CauseEvent)...)
}

// Advance moves stream time forward to ms and returns the changes that fall
// due on the way, by time, then profile, then segment.
func (l *Log) Advance(ms int64) []Change {
	var changes []Change
	for _, id := range l.oracle.Profiles() {
		changes = append(changes, l.pass(l.oracle.profiles[id], l.oracle.clock, ms)...)
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.Profile, b.Profile))
	})
	l.oracle.Advance(ms)
	return changes
}

// pass walks one profile over the instants of (from, to], asking at each
// only the rules that may flip there.
func (l *Log) pass(h *history, from, to int64) []Change {
	if from >= to {
		return nil
	}
	due := map[int64][]*rule{}
	times := h.crossings()
	for _, u := range l.oracle.rules {
		instants := u.instants(h, times, from, to)
		slices.Sort(instants)
		for _, at := range slices.Compact(instants) {
			due[at] = append(due[at], u)
		}
	}
	instants := make([]int64, 0, len(due))
	for at := range due {
		instants = append(instants, at)
	}
	slices.Sort(instants)
	var changes []Change
	for _, at := range instants {
		changes = append(changes, l.step(h, at, due[at], CauseTime)...)
	}
	return changes
}

// step compares what some rules say of a profile now with what they said
// before, in ascending order of segment id.
func (l *Log) step(h *history, now int64, rules []*rule, cause string) []Change {
	before := l.member[h.id]
	if before == nil {
		before = map[string]bool{}
		l.member[h.id] = before
	}
	var changes []Change
	m := l.oracle.moment(h, now)
	for _, u := range rules {
		in := m.holds(u)
		if in == before[u.id] {
			continue
		}
		before[u.id] = in
		l.versions[h.id]++
		changes = append(changes, Change{
			Segment: u.id, Profile: h.id, Entered: in, At: now, Version: l.versions[h.id], Cause: cause,
		})
	}
	return changes
}
