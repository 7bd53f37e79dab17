package projection

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"muster/profile"
	"muster/rules"
)

// Projection is what of events is kept. Lists are sorted, without repeats, and
// without paths that lie below others: equal ones have equal JSON. The zero
// Projection keeps that profiles exist.
type Projection struct {
	// IDs keeps the messageId of every event, even if nothing else of it is
	// read, so that a later event that comes with the same one is a repeat.
	IDs bool `json:"ids,omitempty"`
	// Seen keeps the times of every event.
	Seen bool `json:"seen,omitempty"`
	// Groups keeps group calls, GroupTraits with their traits.
	Groups      bool `json:"groups,omitempty"`
	GroupTraits bool `json:"group_traits,omitempty"`
	// Traits are paths of traits that identify calls write.
	Traits []string `json:"traits,omitempty"`
	// Calls are paths in the contexts of calls of every type.
	Calls []string `json:"calls,omitempty"`
	// Streams are the events that rules ask for by name.
	Streams []Stream `json:"streams,omitempty"`
}

// Stream is what is kept of the events of a name.
type Stream struct {
	Name       string   `json:"name"`             // the name, or a prefix of it
	Prefix     bool     `json:"prefix,omitempty"` // whether Name is a prefix
	Properties []string `json:"properties,omitempty"`
	Contexts   []string `json:"contexts,omitempty"`
}

// Of returns what a rule set reads. With ids, messageIds of all events are
// kept too: without them a repeat is recognised only by an event that is read.
func Of(r rules.Reads, ids bool) Projection {
	p := Projection{
		IDs: ids, Seen: r.Seen, Groups: r.Groups, GroupTraits: r.GroupTraits,
		Traits: topmost(r.Traits), Calls: topmost(r.Calls),
	}
	type selector struct {
		name   string
		prefix bool
	}
	merged := map[selector]*rules.StreamReads{}
	for _, s := range r.Streams {
		key := selector{s.Name, s.Prefix}
		if merged[key] == nil {
			merged[key] = &rules.StreamReads{}
		}
		one := merged[key]
		one.Properties, one.Contexts = append(one.Properties, s.Properties...), append(one.Contexts, s.Contexts...)
	}
	for key, one := range merged {
		p.Streams = append(p.Streams, Stream{key.name, key.prefix, topmost(one.Properties), topmost(one.Contexts)})
	}
	sortStreams(p.Streams)
	return p
}

// sortStreams puts streams in order: by name, the exact one before its prefix.
func sortStreams(list []Stream) {
	slices.SortFunc(list, func(a, b Stream) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 || a.Prefix == b.Prefix {
			return c
		}
		if a.Prefix {
			return 1
		}
		return -1
	})
}

// topmost sorts paths and leaves away those below others.
func topmost[P ~string](paths []P) []string {
	var kept []string
	for _, p := range slices.Sorted(slices.Values(paths)) {
		if !slices.ContainsFunc(kept, func(q string) bool { return below(string(p), q) }) {
			kept = append(kept, string(p))
		}
	}
	return kept
}

// joinPaths returns the topmost paths of two lists.
func joinPaths(a, b []string) []string { return topmost(slices.Concat(a, b)) }

// below reports whether a path is another one or lies below it. "" is all.
func below(path, top string) bool {
	return top == "" || path == top || profile.Path(path).Below(profile.Path(top))
}

// Key is a digest of the projection for the names of files: equal keys keep
// the same.
func (p Projection) Key() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic("a projection is plain data: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Covers reports whether all that q keeps is kept by p too.
func (p Projection) Covers(q Projection) bool {
	atLeast := func(has, wants bool) bool { return has || !wants }
	return atLeast(p.IDs, q.IDs) && atLeast(p.Seen, q.Seen) && atLeast(p.Groups, q.Groups) &&
		atLeast(p.GroupTraits, q.GroupTraits) && coverPaths(p.Traits, q.Traits) && coverPaths(p.Calls, q.Calls) &&
		!slices.ContainsFunc(q.Streams, func(s Stream) bool { return !p.coversStream(s) })
}

func coverPaths(has, wants []string) bool {
	return !slices.ContainsFunc(wants, func(path string) bool {
		return !slices.ContainsFunc(has, func(top string) bool { return below(path, top) })
	})
}

// coversStream reports whether every event of a stream is kept with all that
// the stream keeps of it.
func (p Projection) coversStream(s Stream) bool {
	var properties, contexts []string
	found := false
	for i := range p.Streams {
		if own := &p.Streams[i]; own.includes(&s) {
			found = true
			properties, contexts = append(properties, own.Properties...), append(contexts, own.Contexts...)
		}
	}
	return found && coverPaths(properties, s.Properties) && coverPaths(contexts, s.Contexts)
}

// includes reports whether every event that t has by its name is one of s.
func (s *Stream) includes(t *Stream) bool {
	if s.Prefix {
		return strings.HasPrefix(t.Name, s.Name)
	}
	return !t.Prefix && s.Name == t.Name
}
