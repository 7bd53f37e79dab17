package engine

import (
	"muster/event"
	"muster/profile"
)

// env is what a compiled term looks at.
type env struct {
	set     *Set
	profile *profile.Profile
	now     int64
	since   map[int]int64 // by condition of held(...), to look ahead with; nil for what the profile says
	traits  *traitCache   // of the profile, nil where none is kept
	event   *event.Event  // inside a stream's predicate
	element event.Value   // inside a quantifier's predicate
}

// traitCache remembers the traits that were read, or brought by an event,
// during one evaluation: finding one in a large profile is slow.
type traitCache struct {
	reading  uint64
	readings []uint64 // by trait: reading in which the value was read
	values   []event.Value
}

// forgotten marks, beside the reading, a trait whose value is to be read when it
// is asked for.
const forgotten = 1 << 63

func (c *traitCache) put(i int, v *event.Value) { c.readings[i], c.values[i] = c.reading, *v }

// tell puts a value, or with nil has it read when it is asked for.
func (c *traitCache) tell(i int, v *event.Value) {
	if v == nil {
		c.readings[i] = c.reading | forgotten
		return
	}
	c.put(i, v)
}

// told reports whether a trait was told in this reading.
func (c *traitCache) told(i int) bool { return c.readings[i]&^forgotten == c.reading }

func (e *env) trait(i int, path profile.Path) event.Value {
	c := e.traits
	if c == nil {
		return e.profile.Traits.Get(path)
	}
	if c.readings[i] != c.reading {
		v := e.profile.Traits.Get(path)
		c.put(i, &v)
	}
	return c.values[i]
}
