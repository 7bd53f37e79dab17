package engine

import (
	"slices"

	"muster/event"
	"muster/profile"
)

// Flip is a membership that changed.
type Flip struct {
	Position int // of the segment in the Set
	Entered  bool
}

// Matcher is one goroutine's scratch space for a Set. It writes the flips it
// finds into the profile's Members and returns them in the order of Options.Rank;
// the slice is valid until the next call.
//
// What a Matcher keeps of a profile, its State, hangs on the profile in
// memory. It must be there before an event changes the profile: call Prepare,
// then apply the event, then Update.
type Matcher struct {
	set   *Set
	index *index
	env   env
	ahead profile.Lookout
	flips []Flip

	// Of the profile at hand.
	state   *State
	members bitset // its memberships, the memory of its Members

	// Of the evaluation at hand.
	reading         uint64
	moves           []move
	toggled         []int     // bits that changed
	recompute       []int32   // residuals whose inputs changed
	ins             []stretch // of entries whose predicate has become true
	outs            []stretch // of exits whose predicate has become false
	allIns, allOuts []stretch // of which that is not known
	found           []uint32  // rests
	foundExits      []exit
	read            []uint64 // by scale, sensor and residual: reading in which it was read
	memo            []memo   // by residual

	flipped bitset // positions whose membership changed
	touched bitset // words of flipped that are not zero
	pending bitset // positions to run behind the others, by evaluationIndex
	waiting bool   // whether pending is not empty
	fresh   bitset // memberships of a full evaluation
	bits    bitset // of the sensor being read
	present []int  // traits that a profile has anything of
	warmed  uint64 // keeps the reads of noteLists from being left out
}

// move is a value that went from one cell to another.
type move struct {
	scale    int32
	from, to uint16
}

// NewMatcher returns a Matcher for s.
func NewMatcher(s *Set) *Matcher {
	ix := &s.index
	n := s.Positions()
	return &Matcher{
		set: s, index: ix,
		env:     env{set: s, traits: &traitCache{readings: make([]uint64, len(s.schema.Traits)), values: make([]event.Value, len(s.schema.Traits))}},
		read:    make([]uint64, len(ix.scales)+len(ix.sensors)+len(ix.residuals)),
		memo:    make([]memo, len(ix.residuals)),
		flipped: newBitset(n), touched: newBitset(bitsetWords(n)),
		pending: newBitset(n), fresh: newBitset(n),
		bits: make(bitset, ix.bitWords),
	}
}

// Concerns reports whether an event may change anything that a rule reads of
// a profile that was evaluated before. It goes by the event's name, so it may
// say so of one that no rule takes.
func (m *Matcher) Concerns(ev *event.Event) bool {
	l := &m.set.listeners
	return !ev.IsBehaviour() || m.set.schema.MayTake(ev) || !l.firstSeen.none() || !l.lastSeen.none()
}

// Prepare makes sure that the profile's State is in memory and is that of
// the profile as it stands, at stream time now.
func (m *Matcher) Prepare(p *profile.Profile, now int64) {
	if st, ok := p.Derived.(*State); !ok || st.set != m.set {
		m.attach(p, now)
		p.Derived = m.readState(p)
	}
}

// Update evaluates the rules that look at something an event changed, at
// stream time now. Every deadline up to now must have been woken before, so
// nothing else can have flipped.
func (m *Matcher) Update(p *profile.Profile, changed *profile.Changed, now int64) []Flip {
	m.attach(p, now)
	listeners := &m.set.listeners
	for i := range changed.Traits {
		m.tellTrait(&changed.Traits[i])
	}
	for i := range changed.Traits {
		m.refresh(&listeners.traits[changed.Traits[i].Trait])
	}
	for _, i := range changed.Series {
		m.refresh(&listeners.series[i])
	}
	m.outdate(changed.Series)
	if changed.FirstSeen {
		m.refresh(&listeners.firstSeen)
	}
	if changed.LastSeen {
		m.refresh(&listeners.lastSeen)
	}
	if changed.Groups {
		m.refresh(&listeners.groups)
	}
	m.propagate()
	return m.recordFlips()
}

// Wake evaluates the rules that time alone can flip, at a deadline. The
// profile must be prepared as it was before the deadline.
func (m *Matcher) Wake(p *profile.Profile, now int64) []Flip {
	m.attach(p, now)
	l := &m.set.listeners
	m.refreshDue(now)
	m.refresh(&l.clock)
	m.ripen(p, now)
	m.propagate()
	return m.recordFlips()
}

// Full evaluates every rule.
func (m *Matcher) Full(p *profile.Profile, now int64) []Flip {
	m.attach(p, now)
	p.Derived = m.readState(p)
	m.evaluateFull()
	return m.recordFlips()
}

// nextReading begins a reading: nothing is read yet.
func (m *Matcher) nextReading() {
	m.reading++
	m.env.traits.reading = m.reading
}

// attach begins a reading with a profile: it makes room in its Members and takes
// hold of its State.
func (m *Matcher) attach(p *profile.Profile, now int64) {
	m.nextReading()
	m.env.profile, m.env.now = p, now
	m.state, _ = p.Derived.(*State)
	if words := len(m.flipped); len(p.Members) < words {
		p.Members = append(p.Members, make([]uint64, words-len(p.Members))...)
	}
	m.members = bitset(p.Members)
	m.flips = m.flips[:0]
}

// recordFlips writes into the profile since when conditions hold, empties what
// was noted, and returns the flips of segments in order.
func (m *Matcher) recordFlips() []Flip {
	for t := range m.touched {
		for m.touched[t] != 0 {
			m.recordWord(int(m.touched.take(t)))
		}
	}
	if rank := m.set.rank; rank != nil {
		slices.SortFunc(m.flips, func(a, b Flip) int { return rank[a.Position] - rank[b.Position] })
	}
	return m.flips
}

// recordWord records the flips of one word of positions.
func (m *Matcher) recordWord(w int) {
	for m.flipped[w] != 0 {
		position := m.flipped.take(w)
		entered := m.members.has(position)
		if condition := int(position) - m.set.segments; condition >= 0 {
			m.flipCondition(condition, entered)
			continue
		}
		m.flips = append(m.flips, Flip{Position: int(position), Entered: entered})
	}
}
