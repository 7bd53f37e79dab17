package rules

import "muster/rules/internal/language"

// Reads is what of a profile's events a Set looks at.
type Reads = language.Reads

// StreamReads is what a Set looks at of the events of a name.
type StreamReads = language.StreamReads

// Reads returns what of events the set's rules look at. Who leaves away the
// rest of an event, or a whole event that is nothing of it, changes no
// membership, with two exceptions: a profile exists from its first event of
// any kind on, and a messageId recognises a repeat whatever it came with. It
// reads all rules anew, some 20 us each.
func (s *Set) Reads() Reads {
	var r Reads
	for i := range s.segments {
		if one, mistakes := language.Check(s.segments[i].Rule); len(mistakes) == 0 {
			r.Note(one.Term)
		}
	}
	return r
}
