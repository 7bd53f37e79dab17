package profile

import (
	"fmt"
	"sort"
	"strings"

	"muster/event"
)

// Profile is the state of one customer. It is owned by one goroutine.
type Profile struct {
	ID        string
	FirstSeen int64 // least and greatest event time of all events, ms
	LastSeen  int64
	Traits    Traits
	Groups    []Group // joined ones, by id
	Version   uint64  // of the last membership change
	// Generation is that of the rule set whose memberships Members holds.
	// Another one means: evaluate every rule when next touched.
	Generation uint64
	Members    Members
	// Retired are numbers of segments that the profile is in and the rule
	// set no longer has. They are left when the profile is next touched.
	Retired  []uint64
	ReachDay int64 // day on which the profile last counted for reach, days since 1970 UTC
	Deadline int64 // next instant at which a membership may change by itself, 0 for none
	// Derived is what the rule engine keeps of the profile in memory. It is
	// not stored.
	Derived any

	known      bool // whether any event was ever applied
	seen       seen
	held       []held // sorted by condition
	kept       []kept // sorted by series
	block      []byte // what is stored of them
	traitText  []byte // what is stored of the traits, with their number before it
	tailSum    uint32 // its checksum
	tailStored bool   // whether it is stored as it is now
	stateBytes int    // bytes that the points take when stored, as estimated
	shadows    []shadow
	sheet      *sheet  // with the points of series that are shared, nil for none
	spares     *Spares // of the shard, nil for none
}

// New returns a profile that has seen nothing.
func New(id string) *Profile { return &Profile{ID: strings.Clone(id)} }

// Exists reports whether any event was ever applied.
func (p *Profile) Exists() bool { return p.known }

// Outcome says what Apply did with an event.
type Outcome uint8

// The outcomes of Apply.
const (
	Applied         Outcome = iota
	Repeat                  // its messageId was applied less than 24 hours ago
	TraitsFull              // it would pass the bound on trait leaves: for the dead letters
	GroupsFull              // it would pass the bound on groups: for the dead letters
	GroupTraitsFull         // it would pass the bound on leaves of groups' traits: for the dead letters
	Suppressed              // its profile was erased lately; whoever calls Apply finds that out before
)

// Reason says, for a dead letter, why an event was refused, naming the field
// and the bound; "" when it was not.
func (o Outcome) Reason(cfg *Config) string {
	switch o {
	case TraitsFull:
		return fmt.Sprintf("traits: the profile would have more than %d traits, which is the limit", cfg.Traits)
	case GroupsFull:
		return fmt.Sprintf("groupId: the profile is in %d groups already, which is the limit", cfg.Groups)
	case GroupTraitsFull:
		return fmt.Sprintf("traits: the groups of the profile would have more than %d traits, which is the limit", cfg.GroupTraits)
	}
	return ""
}

// Changed lists what an event changed, in terms of a Schema.
type Changed struct {
	FirstSeen bool
	LastSeen  bool
	Groups    bool
	Traits    []TraitChange // a trait may be in it several times; the last one counts
	Series    []int         // indexes of Schema.Series
	Relieved  bool          // Config.StateBytes was passed, and detail given up

	writes []write // of the event at hand: memory that is used again
}

// TraitChange is a trait that may have another value.
type TraitChange struct {
	Trait int         // index of Schema.Traits
	Value event.Value // the new value, if Known; else ask the profile
	Known bool
}

// Reset empties c for reuse.
func (c *Changed) Reset() {
	*c = Changed{Traits: c.Traits[:0], Series: c.Series[:0], writes: c.writes[:0]}
}

// Apply merges an event at stream time now (ms, never before the event's
// arrival) and adds to changed what it changed. When the outcome is not
// Applied the profile is as it was.
func (p *Profile) Apply(schema *Schema, cfg *Config, ev *event.Event, now int64, changed *Changed) Outcome {
	return p.apply(schema, cfg, ev, now, changed, nil)
}

// apply is Apply, but for some series that do not take the event.
func (p *Profile) apply(schema *Schema, cfg *Config, ev *event.Event, now int64, changed *Changed, except Members) Outcome {
	var id uint64
	if ev.MessageID != "" {
		if id = hashOf(ev.MessageID); p.seen.repeat(id, now) {
			return Repeat
		}
	}
	switch ev.Type {
	case event.Identify:
		if !p.applyTraits(schema, cfg, ev, changed) {
			return TraitsFull
		}
	case event.Group:
		if outcome := p.applyGroup(cfg, ev, changed); outcome != Applied {
			return outcome
		}
	}
	if ev.MessageID != "" {
		p.seen.add(id, now, cfg.MessageIDs)
	}
	if !p.known || ev.Time < p.FirstSeen {
		p.FirstSeen, changed.FirstSeen = ev.Time, true
	}
	if !p.known || ev.Time > p.LastSeen {
		p.LastSeen, changed.LastSeen = ev.Time, true
	}
	p.known = true
	if schema.takes(ev) {
		p.applySeries(schema, cfg, ev, now, changed, except)
	}
	return Applied
}

func (p *Profile) applyTraits(schema *Schema, cfg *Config, ev *event.Event, changed *Changed) bool {
	if ev.Body.IsMissing() {
		return true
	}
	writes := flatten(changed.writes[:0], "", true, ev.Body)
	changed.writes = writes
	if !p.Traits.fits(writes, cfg.Traits) {
		return false
	}
	if len(writes) > 0 {
		p.changeTraits()
	}
	for _, w := range writes {
		value := cloneValue(w.value)
		if set, visible := p.Traits.set(w.path, ev.Time, value); set {
			schema.touch(w.path, value, visible, changed)
		}
	}
	return true
}

// fits reports whether the writes keep the number of leaves within bound.
func (t *Traits) fits(writes []write, bound int) bool {
	if t.Len()+len(writes) <= bound {
		return true
	}
	t.decode()
	n := len(t.leaves)
	for _, w := range writes {
		if _, found := t.search(w.path); !found {
			n++
		}
	}
	return n <= bound
}

// touch adds every trait of the schema that a write at p may change: the
// path itself, whose value is known if visible, those above (which are
// objects) and those below.
func (s *Schema) touch(path Path, value event.Value, visible bool, changed *Changed) {
	if i, found := s.traits[path]; found {
		changed.Traits = append(changed.Traits, TraitChange{i, value, visible})
	}
	for q, ok := path.Parent(); ok; q, ok = q.Parent() {
		if i, found := s.traits[q]; found {
			changed.Traits = append(changed.Traits, TraitChange{Trait: i})
		}
	}
	if _, above := s.inner[path]; !above {
		return
	}
	i := sort.Search(len(s.Traits), func(i int) bool { return s.Traits[i] > path })
	for ; i < len(s.Traits) && s.Traits[i].Below(path); i++ {
		changed.Traits = append(changed.Traits, TraitChange{Trait: i})
	}
}

func (p *Profile) applySeries(s *Schema, cfg *Config, ev *event.Event, now int64, changed *Changed, except Members) {
	first := len(changed.Series)
	var fresh []novelty
	s.match(ev, func(series int, set uint8) {
		if except.Has(series) {
			return
		}
		pts, one := p.change(s, series), &s.Series[series]
		before := pts.blobBytes()
		if one.Spread && pts.addSpread(one, ev, now, cfg, &fresh) || !one.Spread && pts.add(one, ev, set, now, cfg) {
			changed.Series = append(changed.Series, series)
		}
		p.stateBytes += pts.blobBytes() - before
	})
	if p.stateBytes > cfg.StateBytes {
		p.relieve(&relief{schema: s, bound: cfg.StateBytes, event: ev, taken: len(changed.Series) - first, fresh: fresh}, now, changed)
	}
}

// EachTrait calls f with every trait of the schema that the profile has
// something at or below, and its value, valid during the call; nil for one
// that has to be put together. It may name one several times: what lies below
// a tombstone comes after it, so the last one counts.
func (p *Profile) EachTrait(schema *Schema, visit func(trait int, value *event.Value)) {
	if len(schema.Traits) == 0 {
		return
	}
	next := 0 // both are sorted, so the trait that follows is the likeliest
	for leaf := range p.Traits.through(p.spares.leafRoom()) {
		trait, found := next, next < len(schema.Traits) && schema.Traits[next] == leaf.path
		if !found {
			trait, found = schema.traits[leaf.path]
		}
		if found {
			next = trait + 1
			visit(trait, &leaf.value)
		}
		for q, ok := leaf.path.Parent(); ok; q, ok = q.Parent() {
			if trait, found := schema.traits[q]; found {
				visit(trait, nil)
			}
		}
	}
}

// Bytes estimates the memory the profile takes, Derived not included.
func (p *Profile) Bytes() int {
	n := 416 + len(p.ID) + cap(p.block) + p.seen.bytes() + 16*cap(p.held) + 8*len(p.Members) + p.Traits.bytes()
	for i := range p.Groups {
		n += 64 + len(p.Groups[i].ID) + p.Groups[i].Traits.bytes()
	}
	for i := range p.kept {
		n += p.kept[i].bytes()
	}
	for i := range p.shadows {
		n += 64 + p.shadows[i].after.Bytes() + p.shadows[i].journalBytes
	}
	return n
}

func valueBytes(v event.Value) int {
	n := len(v.Text())
	for _, e := range v.Elements() {
		n += 56 + valueBytes(e)
	}
	return n
}
