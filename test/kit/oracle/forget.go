package oracle

import "strings"

// CauseErased is the cause of the exits of a profile that is erased.
const CauseErased = "erased"

// forgotten is what stays of a profile that was erased.
type forgotten struct {
	until   int64  // its events are passed over before that, ms since 1970 UTC
	version uint64 // of its last change
}

// Forgets reports whether events of a profile are passed over at stream time.
func (o *Oracle) Forgets(profile string) bool {
	f, known := o.forgotten[profile]
	return known && o.clock < f.until
}

// Erase moves stream time to an arrival and returns the changes that fall due
// on the way, and then the exits of a profile from all segments that it is in,
// by segment. Then all that ever happened to it is gone. What comes of it
// before until is passed over; what comes later begins a new profile, whose
// versions go on. An instant that was said before and is later stays.
func (l *Log) Erase(profile string, arrival, until int64) []Change {
	changes, o := l.Advance(arrival), l.oracle
	then := o.forgotten[profile]
	then.until = max(then.until, until)
	if rec := l.profiles[profile]; rec != nil {
		for _, u := range o.rules {
			if rec.member[u.number] {
				rec.version++
				changes = append(changes, Change{Segment: u.id, Profile: rec.history.id, At: o.clock, Version: rec.version, Cause: CauseErased})
			}
		}
		then.version = rec.version
	}
	o.forgotten[strings.Clone(profile)] = then
	delete(o.profiles, profile)
	delete(l.profiles, profile)
	return changes
}
