package engine

import (
	"slices"

	"muster/profile"
	"muster/rules/internal/language"
)

// The condition of held(...) is a rule without a name. It is indexed as all
// rules are, and its position stands behind those of the segments. Its flips
// are not told: they set and clear since when the profile holds it. What
// mentions held(...) is run behind it, as with segment("...").

// hold is one held(condition, duration).
type hold struct {
	condition int   // index of Schema.Conditions
	duration  int64 // milliseconds
}

// conditions are the rules of held(...) while a Set is built.
type conditions struct {
	number map[string]int // by canonical text
	keys   []string
	roots  []*formula // nil once they are filed
	holds  []hold
	holdOf map[hold]int
	upTo   []int // by position of a segment: conditions numbered once its rule was read
}

// condition numbers the condition of a held(...), behind those within it.
func (b *Builder) condition(t *language.Term) int {
	key := t.Args[0].String()
	if i, known := b.held.number[key]; known {
		return i
	}
	root := b.root(t.Args[0])
	i := len(b.held.keys)
	b.held.number[key] = i
	b.held.keys, b.held.roots = append(b.held.keys, key), append(b.held.roots, root)
	return i
}

// hold numbers a held(...).
func (b *Builder) hold(t *language.Term) int {
	h := hold{b.condition(t), t.Offset}
	i, known := b.held.holdOf[h]
	if !known {
		i = len(b.held.holds)
		b.held.holdOf[h] = i
		b.held.holds = append(b.held.holds, h)
	}
	return i
}

// heldIndex is what an index knows of held(...). All is empty, and the
// evaluation order is nil, in a Set without it.
type heldIndex struct {
	heldFor         []hold
	durations       [][]int64 // by condition
	evaluationIndex []uint32  // of each position in the evaluation order
	evaluationOrder []uint32  // positions in that order
}

// orderEvaluation puts all positions in order, so that each stands behind what
// its rule mentions: each condition right before the first segment that does.
func (b *Builder) orderEvaluation() {
	ix, segments := &b.set.index, b.set.segments
	ix.heldFor, ix.durations = b.held.holds, make([][]int64, len(b.held.keys))
	for _, h := range ix.heldFor {
		ix.durations[h.condition] = append(ix.durations[h.condition], h.duration)
	}
	if len(b.held.keys) == 0 {
		return
	}
	next := 0
	for position, upTo := range b.held.upTo {
		for ; next < upTo; next++ {
			ix.evaluationOrder = append(ix.evaluationOrder, uint32(segments+next))
		}
		ix.evaluationOrder = append(ix.evaluationOrder, uint32(position))
	}
	ix.evaluationIndex = make([]uint32, len(ix.evaluationOrder))
	for index, position := range ix.evaluationOrder {
		ix.evaluationIndex[position] = uint32(index)
	}
}

// held reports whether a condition has been true for so long. While a step
// is propagated, Members are ahead of what the profile says of since when: of a
// condition that has just become true it says nothing yet.
func (e *env) held(h hold) bool {
	if e.since != nil {
		since, is := e.since[h.condition]
		return is && e.now-since >= h.duration
	}
	since, known := e.profile.Since(h.condition)
	return known && e.now-since >= h.duration && e.profile.Members.Has(e.set.segments+h.condition)
}

// flipCondition takes a flip of a condition over into the profile.
func (m *Matcher) flipCondition(condition int, entered bool) {
	if entered {
		m.env.profile.Hold(condition, m.env.now)
	} else {
		m.env.profile.Release(condition)
	}
}

// ripen puts down to be run what mentions a condition that has been true for long enough
// since just now.
func (m *Matcher) ripen(p *profile.Profile, now int64) {
	p.EachHeld(func(condition int, since int64) {
		if slices.Contains(m.index.durations[condition], now-since) {
			for _, position := range m.set.dependents[m.set.segments+condition] {
				m.pend(uint32(position))
			}
		}
	})
}

// eachRipening calls f with every instant at which a condition that is true
// will have been for long enough for something.
func (m *Matcher) eachRipening(p *profile.Profile, f func(at int64)) {
	p.EachHeld(func(condition int, since int64) {
		for _, d := range m.index.durations[condition] {
			f(since + d)
		}
	})
}
