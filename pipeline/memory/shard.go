package memory

import (
	"cmp"
	"maps"
	"slices"

	"muster/pipeline"
)

// shard is the stored state of one shard.
type shard struct {
	state    pipeline.State // without its timers
	timers   map[string]int64
	profiles map[string]string
	tails    map[string]string // of profiles, kept apart
	sizes    map[string]int64
	members  map[string]map[string]struct{}
	outbox   []pipeline.Change
	erasing  map[string]string // requests by the names of their entries in the catalog
}

func newShard() *shard {
	return &shard{
		state:    pipeline.State{Next: -1},
		timers:   map[string]int64{},
		profiles: map[string]string{},
		tails:    map[string]string{},
		sizes:    map[string]int64{},
		members:  map[string]map[string]struct{}{},
		erasing:  map[string]string{},
	}
}

// opened returns a copy of the state that the caller may keep.
func (s *shard) opened() pipeline.State {
	state := s.state
	state.Names, state.Gaps = slices.Clone(state.Names), slices.Clone(state.Gaps)
	state.Catalog = maps.Clone(state.Catalog)
	for _, profile := range slices.Sorted(maps.Keys(s.timers)) {
		state.Timers = append(state.Timers, pipeline.Timer{Profile: profile, At: s.timers[profile]})
	}
	slices.SortStableFunc(state.Timers, func(a, b pipeline.Timer) int { return cmp.Compare(a.At, b.At) })
	return state
}

func (s *shard) precedes(c *pipeline.Commit) bool {
	return s.state.Epoch == c.Epoch && s.state.Next == c.From && s.state.Outbox == c.Outbox
}

func (s *shard) apply(c *pipeline.Commit) {
	s.state.Next, s.state.Anchor, s.state.Clock = c.Next, c.Anchor, c.Clock
	s.state.Rules, s.state.Generation = c.Rules, c.Generation
	s.state.Swept, s.state.Bucket = c.Swept, c.Bucket
	s.state.Outbox += int64(len(c.Changes))
	s.state.Names = append(s.state.Names, c.NewNames...)
	if c.Gap != nil {
		s.state.Gaps = append(s.state.Gaps, *c.Gap)
	}
	for i := range c.Profiles {
		w := &c.Profiles[i]
		s.write(w)
		switch {
		case w.Timer && w.Deadline == 0:
			delete(s.timers, w.Profile)
		case w.Timer:
			s.timers[w.Profile] = w.Deadline
		}
	}
	for _, change := range c.Changes {
		s.move(change, c.Hidden[change.Segment])
	}
	s.outbox = append(s.outbox, c.Changes...)
	s.note(c.Catalog)
	for _, e := range c.Erased {
		s.erasing[e.Name] = e.Request
	}
	for _, segment := range c.Drop {
		delete(s.sizes, segment)
		delete(s.members, segment)
	}
}

// write takes in what a profile is now, its timer apart.
func (s *shard) write(w *pipeline.Write) {
	if w.Gone {
		delete(s.profiles, w.Profile)
	} else {
		s.profiles[w.Profile] = string(w.Blob)
	}
	switch {
	case w.Gone || w.TailChanged && len(w.Tail) == 0:
		delete(s.tails, w.Profile)
	case w.TailChanged:
		s.tails[w.Profile] = string(w.Tail)
	}
}

// note changes the catalog. One without entries is nil again.
func (s *shard) note(entries map[string]string) {
	if s.state.Catalog == nil {
		s.state.Catalog = map[string]string{}
	}
	for name, text := range entries {
		if text == "" {
			delete(s.state.Catalog, name)
		} else {
			s.state.Catalog[name] = text
		}
	}
	if len(s.state.Catalog) == 0 {
		s.state.Catalog = nil
	}
}

// move applies one change to the sizes and, unless the segment is hidden, to
// its members.
func (s *shard) move(change pipeline.Change, hidden bool) {
	members := s.members[change.Segment]
	if members == nil {
		members = map[string]struct{}{}
		s.members[change.Segment] = members
	}
	if change.Entered {
		s.sizes[change.Segment]++
	} else {
		s.sizes[change.Segment]--
	}
	switch {
	case hidden:
	case change.Entered:
		members[change.Profile] = struct{}{}
	default:
		delete(members, change.Profile)
	}
}
