package language

import (
	"slices"

	"muster/profile"
)

// Reads is what of a profile's events rules look at. Events that are equal in
// it are equal to the rules. Lists are in no order and may repeat.
type Reads struct {
	Streams []StreamReads
	// Traits are the paths of traits.
	Traits []profile.Path
	// Calls are paths in the contexts of calls of every type.
	Calls []profile.Path
	// Groups says that group calls are read, and GroupTraits that their traits
	// are too.
	Groups, GroupTraits bool
	// Seen says that the times of all events are read, whatever their type.
	Seen bool
}

// StreamReads is what is read of the events of a name.
type StreamReads struct {
	Name   string // of the events, a prefix of it when Prefix is set
	Prefix bool
	// Properties and Contexts are paths in the events' properties and contexts.
	// The path "" is all of them.
	Properties, Contexts []profile.Path
}

// Note adds what a rule looks at.
func (r *Reads) Note(rule *Term) { r.walk(rule, nil) }

// walk looks at a term, within the predicate of a stream or nil.
func (r *Reads) walk(t *Term, stream *StreamReads) {
	if t == nil {
		return
	}
	switch t.Op {
	case OpTrait:
		r.Traits = append(r.Traits, profile.Path(t.Name))
	case OpFirstSeen, OpLastSeen:
		r.Seen = true
	case OpGroups:
		r.Groups = true
	case OpGroupList:
		r.Groups, r.GroupTraits = true, true
	case OpProperty:
		stream.Properties = append(stream.Properties, profile.Path(t.Name))
	case OpContext:
		stream.Contexts = append(stream.Contexts, profile.Path(t.Name))
	case OpAggregate:
		r.aggregate(t.Aggregate)
	}
	for _, below := range t.Args {
		r.walk(below, stream)
	}
}

func (r *Reads) aggregate(a *Aggregate) {
	for i := range a.Steps {
		r.stream(&a.Steps[i])
	}
	if a.Steps == nil {
		r.stream(&a.Stream)
	}
}

func (r *Reads) stream(s *Stream) {
	one := StreamReads{Name: s.Name, Prefix: s.Prefix}
	r.walk(s.Where, &one)
	r.walk(s.Project, &one)
	if s.Calls {
		r.Calls = slices.Concat(r.Calls, one.Contexts)
		return
	}
	r.Streams = append(r.Streams, one)
}
