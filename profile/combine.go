package profile

import (
	"cmp"
	"slices"
)

// Two points of one series become one: those of events that arrived before a
// seam, and those of events that arrived behind it. What follows is what the
// series would keep had it taken in the one and then the other, as long as
// neither has passed a bound; of events of the same time the earlier arrival
// stands first. Past a bound it keeps what Config.Entries says.

// combine adds what came later to points, which may be changed; none of the
// two need have anything. Nothing of the later ones is changed.
func (p *points) combine(s *Series, later *points, now int64, cfg *Config) {
	if later == nil || later.empty() {
		return
	}
	switch s.Keep {
	case KeepRecentSequence, KeepTotalSequence, KeepTotalAbandoned:
		p.combineSteps(s, later.steps, now, cfg.Entries)
	case KeepTotalCount, KeepTotalNumbers:
		p.combineTotals(later)
	case KeepTotalDistinct:
		limit := min(cfg.Entries, cfg.StateBytes/distinctShare)
		for _, key := range later.vals {
			p.addDistinct(key, limit)
		}
	case KeepTotalFirst, KeepTotalLast:
		p.combineEdges(s.Keep, later)
	default:
		p.combineSliding(s, later, now, cfg.Entries)
	}
}

func (p *points) combineTotals(later *points) {
	for _, from := range []*points{p, later.apart()} {
		if n := from.len(); n > 0 { // from a version that kept the newest ones apart
			old := from.takeOldest(n)
			from.lumps = append(from.lumps, old)
			from.times, from.nums, from.head = nil, nil, 0
		}
		if from != p {
			p.lumps = append(p.lumps, from.lumps...)
		}
	}
	for len(p.lumps) > 1 {
		p.joinLumps(0)
	}
}

// combineEdges: of events at the same time the first to arrive is first and
// the last to arrive is last.
func (p *points) combineEdges(keep Keep, later *points) {
	if len(p.times) > 0 && (keep == KeepTotalFirst && later.times[0] >= p.times[0] || keep == KeepTotalLast && later.times[0] < p.times[0]) {
		return
	}
	p.times, p.vals, p.text = slices.Clone(later.times), slices.Clone(later.vals), later.text
}

// combineSliding brings entries together in order of time. Those that are
// older than what either has folded are folded too.
func (p *points) combineSliding(s *Series, later *points, now int64, limit int) {
	p.expire(now - s.Window)
	later = later.apart()
	later.expire(now - s.Window)
	own := p.apart()
	own.sums = nil
	p.restart()
	p.lumps = append(own.lumps, later.lumps...)
	slices.SortStableFunc(p.lumps, func(a, b lump) int { return cmp.Compare(a.last, b.last) })
	for i, j := 0, 0; i < own.len() || j < later.len(); {
		if j == later.len() || i < own.len() && own.entries()[i] <= later.entries()[j] {
			p.takeEntry(own, i)
			i++
		} else {
			p.takeEntry(later, j)
			j++
		}
	}
	if s.Keep == KeepSlidingTimes {
		p.dropUncounted(s.Newest)
	}
	for len(p.lumps) > maxLumps {
		p.mergeLumps()
	}
	for p.len() > limit {
		p.shrink(limit)
	}
}

// restart empties the points.
func (p *points) restart() { *p = points{series: p.series} }

// takeEntry puts an entry of other points behind those there are, or into the
// lump that it falls into.
func (p *points) takeEntry(from *points, i int) {
	at, number := from.entries()[i], 0.0
	if from.nums != nil {
		number = from.numbers()[i]
	}
	if p.folded(at) {
		p.foldLate(at, number)
		return
	}
	p.times = append(p.times, at)
	if from.nums != nil {
		p.nums = append(p.nums, number)
	}
	if from.vals != nil {
		p.insertValue(len(p.vals), from.values()[i])
	}
}

// combineSteps puts the events of both in order and follows them anew.
func (p *points) combineSteps(s *Series, later *steps, now int64, limit int) {
	if p.steps == nil {
		p.steps = newSteps()
	}
	own := p.steps
	own.fold(s, own.before(later.folded.until))
	own.folded.join(&later.folded)
	own.latest = max(own.latest, later.latest)
	for i, at := range later.times {
		if at >= own.folded.until {
			own.insert(at, later.sets[i])
		}
	}
	if s.Keep == KeepTotalAbandoned {
		own.keepLast()
		return
	}
	if s.Keep == KeepRecentSequence {
		own.expire(now - s.Window)
	}
	own.drop(own.latest)
	own.latest = max(own.latest, own.replay(s))
	if own.latest != none {
		own.prune(s)
	}
	if n := len(own.times) - limit; n > 0 {
		own.fold(s, n)
	}
}

// before returns how many events are older than a time.
func (p *steps) before(until int64) int {
	n := 0
	for n < len(p.times) && p.times[n] < until {
		n++
	}
	return n
}

// join brings in the chains of other events. What they led to together is not
// known, so of each step the chain that begins last stays.
func (c *chains) join(other *chains) {
	c.until = max(c.until, other.until)
	for i := range c.begin {
		c.begin[i] = max(c.begin[i], other.begin[i])
	}
}
