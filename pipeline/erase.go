package pipeline

import (
	"maps"
	"slices"

	"muster/directive"
	"muster/profile"
)

// erase lets a profile leave all segments, as of the directive's arrival, and
// removes it. What is due of it by then is served first, as before an event.
// The same request does nothing the second time: the log may hold it twice.
func (s *Shard) erase(e *cached, d *directive.Directive, arrival int64) {
	s.clock = max(s.clock, arrival)
	id := erasedIDOf(d.Profile)
	before := s.erased[id]
	if before.request == d.Run {
		return
	}
	s.refresh(e)
	s.serveOverdue(e)
	p := e.profile
	for _, segment := range s.segmentsOf(p) {
		s.change(p, segment, false, s.clock, CauseErased)
	}
	s.keepErasure(id, erasure{max(d.Until, before.until), max(p.Version, before.version), s.clock, d.Run})
	s.timers.set(p.ID, 0)
	if p.Exists() {
		e.profile = s.codec.New(p.ID)
		s.touch(e)
	}
}

// segmentsOf returns the segments that a profile is in, by id.
func (s *Shard) segmentsOf(p *profile.Profile) []string {
	var ids []string
	for position := range p.Members.All() {
		if position >= s.set.Len() {
			break // conditions stand behind the segments
		}
		ids = append(ids, s.set.Segment(position).ID)
	}
	slices.Sort(ids)
	return ids
}

// keepErasure keeps an erasure, and forgets another one past the bound.
func (s *Shard) keepErasure(id erasedID, e erasure) {
	if s.erased == nil {
		s.erased = map[erasedID]erasure{}
	}
	s.erased[id] = e
	s.untold = append(s.untold, id)
	for len(s.erased) > keptErasures {
		first := s.firstErased(id)
		delete(s.erased, first)
		s.untold = append(s.untold, first)
	}
}

// firstErased returns the erasure, but for one, that is first not to suppress
// any more.
func (s *Shard) firstErased(but erasedID) (first erasedID) {
	found := false
	for id, e := range s.erased {
		least := s.erased[first]
		earlier := e.until < least.until || e.until == least.until && string(id[:]) < string(first[:])
		if id != but && (!found || earlier) {
			first, found = id, true
		}
	}
	return first
}

// suppressed reports whether events of a profile that does not exist are
// passed over. One that comes back behind that goes on with its versions.
func (s *Shard) suppressed(p *profile.Profile) bool {
	e, known := s.erased[erasedIDOf(p.ID)]
	if known && s.clock >= e.until {
		p.Version = e.version
	}
	return known && s.clock < e.until
}

// wasErased reports whether a profile was ever erased, as far as that is known.
func (s *Shard) wasErased(id string) bool {
	if s.erased == nil {
		return false
	}
	_, known := s.erased[erasedIDOf(id)]
	return known
}

// tellErased has a commit store the erasures since the last one.
func (s *Shard) tellErased(c *Commit) {
	if len(s.untold) == 0 {
		return
	}
	entries := map[string]string{}
	maps.Copy(entries, c.Catalog)
	for _, id := range s.untold {
		name := id.name()
		if _, again := entries[name]; again {
			continue
		}
		e, stays := s.erased[id]
		if !stays {
			entries[name] = ""
			continue
		}
		entries[name] = e.text()
		c.Erased = append(c.Erased, Erased{name, e.request, e.at, e.version})
	}
	c.Catalog = entries
}
