package oracle

import (
	"slices"
	"sort"

	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/vm"

	"muster/event"
)

// Oracle answers who is in which segment, from the whole history.
type Oracle struct {
	rules      []*rule // by ascending id
	byID       map[string]*rule
	streams    []stream
	conditions []*rule // of held, each behind those it rests on
	mentions   int     // of held
	profiles   map[string]*history
	forgotten  map[string]forgotten // by profile
	tables     *tables              // the catalogues as they are
	clock      int64
	at         moment // what the running program sees
	config     *conf.Config
	machine    vm.VM
}

// New compiles rules, given by segment id. Whatever is not in the language,
// an unknown segment and a cycle are errors that name the segment.
func New(rules map[string]string) (*Oracle, error) {
	o := &Oracle{byID: map[string]*rule{}, profiles: map[string]*history{}, forgotten: map[string]forgotten{}, tables: &tables{}}
	o.config = o.configuration()
	ids := make([]string, 0, len(rules))
	for id := range rules {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for number, id := range ids {
		u, err := o.compile(id, rules[id])
		if err != nil {
			return nil, err
		}
		u.number = number
		o.rules = append(o.rules, u)
		o.byID[id] = u
	}
	for _, u := range o.rules {
		if err := o.link(u, nil); err != nil {
			return nil, err
		}
	}
	o.at = moment{streams: make([]any, len(o.streams)), member: make(map[string]bool, len(o.rules))}
	return o, nil
}

// intern numbers a stream, the same spelling always the same.
func (o *Oracle) intern(s stream) int {
	if i := slices.Index(o.streams, s); i >= 0 {
		return i
	}
	o.streams = append(o.streams, s)
	return len(o.streams) - 1
}

// Apply moves stream time up to the event's arrival and adds the event to
// its profile's history. It returns false, and adds nothing, when the
// messageId was applied to the profile less than 24 hours of stream time
// ago, or while the profile is forgotten. Nothing of the event is kept but copies.
func (o *Oracle) Apply(e *event.Event) bool {
	o.Advance(e.Arrival)
	if o.Forgets(e.Profile) {
		return false
	}
	h := o.profiles[e.Profile]
	if h == nil {
		h = &history{id: string([]byte(e.Profile)), applied: map[string]int64{}}
		for range o.conditions {
			h.since = append(h.since, never)
		}
		o.profiles[h.id] = h
	}
	o.walk(h, o.clock)
	if !h.add(e, o.clock, o.tables) {
		return false
	}
	o.askAll(h)
	return true
}

// Clock returns stream time, in milliseconds since 1970 UTC; 0 at first.
func (o *Oracle) Clock() int64 { return o.clock }

// Advance moves stream time forward to ms; it never moves back.
func (o *Oracle) Advance(ms int64) { o.clock = max(o.clock, ms) }

// Profiles returns the ids of all profiles, in ascending order.
func (o *Oracle) Profiles() []string {
	ids := make([]string, 0, len(o.profiles))
	for id := range o.profiles {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

// Members returns the ids of a segment's members at stream time, in
// ascending order. An unknown segment panics.
func (o *Oracle) Members(segment string) []string {
	members := []string{}
	for _, id := range o.Profiles() {
		if o.In(segment, id) {
			members = append(members, id)
		}
	}
	return members
}

// In reports whether a profile is in a segment at stream time.
func (o *Oracle) In(segment, profile string) bool { return o.InAt(segment, profile, o.clock) }

// InAt reports whether a profile would be in a segment at now, which must
// not be before stream time, if nothing more happened. A profile that does
// not exist is in no segment; an unknown segment panics.
func (o *Oracle) InAt(segment, profile string, now int64) bool {
	u := o.byID[segment]
	if u == nil {
		panic("oracle: there is no segment " + segment)
	}
	h := o.profiles[profile]
	return h != nil && o.moment(o.foreseen(h, now), now).holds(u)
}

// Memberships returns the ids of all segments a profile would be in at now,
// in ascending order. It is InAt for all segments at once, and cheaper.
func (o *Oracle) Memberships(profile string, now int64) []string {
	in := []string{}
	h := o.profiles[profile]
	if h == nil {
		return in
	}
	m := o.moment(o.foreseen(h, now), now)
	for _, u := range o.rules {
		if m.holds(u) {
			in = append(in, u.id)
		}
	}
	return in
}
