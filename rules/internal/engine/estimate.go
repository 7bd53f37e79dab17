package engine

import (
	"cmp"
	"slices"

	"muster/event"
	"muster/profile"
)

// Shares of profiles for which predicates are guessed to hold when there is
// no sample to count them in. Only speed depends on them.
const (
	guessValue    = 0.05
	guessRange    = 0.2
	guessOneSided = 0.4
	guessMissing  = 0.3
	guessTrue     = 0.3
	guessNone     = 0.4 // of a number that is 0, as a count of events often is
	guessBit      = 0.1
	guessResidual = 0.3
)

// estimate fills in the shares of a formula and orders what is below a
// connective: in a conjunction what is cheap and rarely true goes first, in
// a disjunction what is often true.
func (f *formula) estimate(st *sampled) {
	if f.kind == formulaLiteral {
		f.share = st.share(f.lit)
		return
	}
	product := 1.0
	for _, k := range f.kids {
		k.estimate(st)
		if f.kind == formulaAnd {
			product *= k.share
		} else {
			product *= 1 - k.share
		}
	}
	if f.kind == formulaAnd {
		f.share = product
		slices.SortStableFunc(f.kids, func(a, b *formula) int { return cmp.Compare(a.priority(), b.priority()) })
	} else {
		f.share = 1 - product
		slices.SortStableFunc(f.kids, func(a, b *formula) int { return cmp.Compare(b.share, a.share) })
	}
}

// priority is the cost of a part of a conjunction by its chance to end it.
func (f *formula) priority() float64 {
	cost := 3.0
	if f.kind == formulaLiteral {
		cost = 1
		if f.lit.kind == literalResidual {
			cost = 100
		}
	}
	return cost / (1.0001 - f.share)
}

// sampled counts predicates in the states of a sample of profiles.
type sampled struct {
	ix     *index
	states []State
}

// draw returns the profiles to learn from.
func (o *Options) draw(s *profile.Schema) []*profile.Profile {
	if o.Draw == nil {
		return nil
	}
	return o.Draw(s)
}

// newSampled reads the states of profiles and how often each cell occurs.
func newSampled(set *Set, profiles []*profile.Profile, now int64) *sampled {
	sp := &sampled{ix: &set.index}
	m := NewMatcher(set)
	for _, p := range profiles {
		m.nextReading()
		m.env.profile, m.env.now = p, now
		sp.states = append(sp.states, *m.readState(p))
	}
	for _, one := range set.index.scales {
		one.shareBelow = make([]float64, one.cells+1)
		for _, st := range sp.states {
			one.shareBelow[st.cells[one.id]+1]++
		}
		for c := range one.cells {
			one.shareBelow[c+1] = one.shareBelow[c] + one.shareBelow[c+1]
		}
		for c := range one.shareBelow {
			one.shareBelow[c] /= float64(max(1, len(sp.states)))
		}
	}
	return sp
}

func (sp *sampled) share(l *literal) float64 {
	share := sp.positive(l)
	if l.negated {
		return 1 - share
	}
	return share
}

func (sp *sampled) positive(lit *literal) float64 {
	if len(sp.states) == 0 {
		return lit.guess()
	}
	share := 0.0
	switch lit.kind {
	case literalRange:
		share = lit.scale.share(lit.ends())
	case literalOneOf:
		for _, c := range lit.cells {
			share += lit.scale.share(int(c), int(c)+1)
		}
	case literalBit:
		n := lit.sensor.first + lit.index
		for _, st := range sp.states {
			share += float64(st.bits.bit(uint32(n))) / float64(len(sp.states))
		}
	default:
		return lit.guess()
	}
	return min(share, 1)
}

// share is the share of the sample whose values lie in the cells from low on
// and before high.
func (s *scale) share(low, high int) float64 { return s.shareBelow[high] - s.shareBelow[low] }

// oneEnded returns the shares for which a value lies behind the lower end of
// a range and before its upper one.
func (l *literal) oneEnded() (fromLow, toHigh float64) {
	low, high := l.ends()
	return l.scale.share(low, l.scale.cells), l.scale.share(l.scale.base, high)
}

func (l *literal) guess() float64 {
	switch l.kind {
	case literalAlways:
		return 1
	case literalRange:
		if l.low.side == sideUnbounded || l.high.side == sideUnbounded {
			return guessOneSided
		}
		return guessRange
	case literalOneOf:
		if len(l.values) == 1 && l.values[0].IsMissing() {
			return guessMissing
		}
		if l.values[0].True() {
			return guessTrue
		}
		if len(l.values) == 1 && l.values[0].Equal(event.NumberOf(0)) {
			return guessNone
		}
		return min(0.6, guessValue*float64(len(l.values)))
	case literalBit:
		return guessBit
	}
	return guessResidual
}
