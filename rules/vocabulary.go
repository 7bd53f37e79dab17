package rules

import (
	"strings"

	"muster/event"
	"muster/rules/internal/language"
)

// maxLengthOfOne bounds a name or a path in a Vocabulary, in bytes.
const maxLengthOfOne = 1_000

// Vocabulary is what events are called and which paths of traits,
// properties and contexts they bring: what rules can ask for. It is not safe for concurrent
// use.
type Vocabulary struct {
	events int
	named  map[string]*paths
	traits paths
	calls  paths // in the contexts of calls of every type
	groups paths // traits of groups
	bound  int   // of all paths together
	room   int   // for further ones
	full   bool  // names of events were left out
	path   []byte
}

// paths are those of properties and contexts of events of one name, or of
// traits, contexts or groups.
type paths struct {
	events int
	seen   map[string]struct{}
	full   bool // some were left out
}

// NewVocabulary returns an empty Vocabulary for so many paths, a quarter as
// many of the events of one name, and a twentieth as many names. A path takes
// some 150 bytes. What comes beyond a bound is not noted, and then nothing is
// said of names that may have been among it.
func NewVocabulary(bound int) *Vocabulary {
	return &Vocabulary{named: map[string]*paths{}, traits: newPaths(), calls: newPaths(), groups: newPaths(), bound: bound, room: bound}
}

func newPaths() paths { return paths{seen: map[string]struct{}{}} }

// Add notes what an event brings. Nothing of the event is kept but copies.
func (v *Vocabulary) Add(ev *event.Event) {
	v.events++
	switch {
	case ev.IsBehaviour():
		if of := v.of(ev.Name); of != nil {
			of.events++
			v.note(of, v.path[:0], ev.Body)
			v.note(of, append(v.path[:0], language.ContextText...), ev.Context)
		}
	case ev.Type == event.Identify:
		v.traits.events++
		v.note(&v.traits, v.path[:0], ev.Body)
	case ev.Type == event.Group:
		v.groups.events++
		v.put(&v.groups, append(v.path[:0], strings.TrimSuffix(language.GroupText, language.ElementText)...))
		v.note(&v.groups, append(v.path[:0], language.GroupText...), ev.Body)
	}
	if ev.Context.Len() > 0 {
		v.calls.events++
		v.note(&v.calls, append(v.path[:0], language.ContextText...), ev.Context)
	}
}

// of returns the paths of events of a name, nil when there is no room for the
// name.
func (v *Vocabulary) of(name string) *paths {
	if of, ok := v.named[name]; ok {
		return of
	}
	if len(v.named) >= v.bound/20 || len(name) > maxLengthOfOne {
		v.full = true
		return nil
	}
	of := newPaths()
	v.named[strings.Clone(name)] = &of
	return &of
}

// note notes all paths in a value that stands at one itself.
func (v *Vocabulary) note(of *paths, at []byte, value event.Value) {
	switch value.Kind() {
	case event.KindObject:
		for i := range value.Len() {
			key, below := value.Field(i)
			if below.IsMissing() {
				continue
			}
			path := language.PathText(at, key)
			v.put(of, path)
			v.note(of, path, below)
			v.path = path[:0]
		}
	case event.KindArray:
		for _, one := range value.Elements() {
			v.note(of, append(at, language.ElementText...), one)
		}
	}
}

func (v *Vocabulary) put(of *paths, path []byte) {
	if _, known := of.seen[string(path)]; known {
		return
	}
	if len(of.seen) >= v.bound/4 || v.room == 0 || len(path) > maxLengthOfOne {
		of.full = true
		return
	}
	v.room--
	of.seen[string(path)] = struct{}{}
}

// Events is how many events were added.
func (v *Vocabulary) Events() int { return v.events }

// Names is how many names of events were noted.
func (v *Vocabulary) Names() int { return len(v.named) }

// Full reports whether there was more than a Vocabulary holds, so that some
// names can't be told.
func (v *Vocabulary) Full() bool {
	full := v.full || v.traits.full || v.calls.full || v.groups.full
	for _, of := range v.named {
		full = full || of.full
	}
	return full
}

// Lacks counts what rules ask for that nothing can be said of: traits without
// an identify call, traits of groups without a group call, and contexts where no
// event has any.
func (v *Vocabulary) Lacks(asked Asked) (lacks Asked) {
	if v.traits.events == 0 {
		lacks.Traits = asked.Traits
	}
	if v.calls.events == 0 {
		lacks.Contexts = asked.Contexts
	}
	if v.groups.events == 0 {
		lacks.Groups = asked.Groups
	}
	return lacks
}
