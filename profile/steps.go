package profile

import (
	"slices"
	"sort"
	"strings"

	"muster/event"
)

// MaxSteps is the number of steps that a series can have.
const MaxSteps = 8

// Step is one of several streams of events that a series puts in order.
// Its fields are those of Series.
type Step struct {
	Name   string
	Prefix bool
	Since  int64
	Where  func(*event.Event) bool
}

// takes reports whether an event is in the step.
func (s *Step) takes(ev *event.Event) bool {
	named := ev.Name == s.Name || s.Prefix && strings.HasPrefix(ev.Name, s.Name)
	return named && ev.Time >= s.Since && (s.Where == nil || s.Where(ev))
}

// taking returns the set of steps that an event is in, the first in the
// lowest bit.
func (s *Series) taking(ev *event.Event) uint8 {
	set := uint8(0)
	for i := range s.Steps {
		if s.Steps[i].takes(ev) {
			set |= 1 << i
		}
	}
	return set
}

// none stands for a time that there is not.
const none = -1

// steps is what a profile keeps of a series with several steps: the events
// that still matter in order of event time, ties in order of arrival, each
// with the set of steps it is in.
//
// Of an abandoned series these are the last event of either step. Of a
// sequence they are those that a complete chain with a later begin than the
// latest so far may need, also when events arrive late. The oldest past the
// bound are folded: how far they lead is kept, and what arrives later than
// that is late takes no part.
type steps struct {
	times  []int64
	sets   []uint8
	latest int64  // begin of the complete chain that began last, none when there is none
	folded chains // of the events no longer kept
	all    chains // of all events
}

// chains says for each step when the chain of events up to it that begins
// last begins: none fits better than that one, whatever follows.
type chains struct {
	until int64 // time of the last event taken
	begin [MaxSteps]int64
}

func newChains() chains {
	c := chains{until: none}
	for i := range c.begin {
		c.begin[i] = none
	}
	return c
}

func newSteps() *steps { return &steps{latest: none, folded: newChains(), all: newChains()} }

// extend takes the next event. It returns when the complete chain that it
// ends begins, none when it ends none.
func (c *chains) extend(series *Series, at int64, set uint8) int64 {
	complete := int64(none)
	c.until = at
	for i := len(series.Steps) - 1; i >= 0; i-- { // backwards: an event serves one step only
		if set>>i&1 == 0 {
			continue
		}
		begin := at
		if i > 0 {
			begin = c.begin[i-1]
		}
		switch {
		case begin == none || at-begin > series.Within:
		case i == len(series.Steps)-1:
			complete = begin
		default:
			c.begin[i] = max(c.begin[i], begin)
		}
	}
	return complete
}

// add takes one event and reports whether the value may have changed.
func (p *steps) add(series *Series, at int64, set uint8, limit int) bool {
	if series.Keep == KeepTotalAbandoned {
		before := p.abandoned()
		p.insert(at, set)
		p.keepLast()
		return p.abandoned() != before
	}
	if at <= p.latest || at < p.folded.until || p.over(series) {
		return false // no chain with it begins later, or what came before it is not known
	}
	var complete int64
	if p.insert(at, set) == len(p.times)-1 {
		complete = p.all.extend(series, at, set)
	} else {
		complete = p.replay(series)
	}
	changed := complete > p.latest
	if changed {
		p.latest = complete
		p.prune(series)
	}
	if len(p.times) > limit {
		p.fold(series, 1)
	}
	return changed
}

// over reports whether nothing more can change the value.
func (p *steps) over(s *Series) bool { return s.Keep == KeepTotalSequence && p.latest != none }

// insert inserts an event behind all that are not later and returns its index.
func (p *steps) insert(at int64, set uint8) int {
	i := len(p.times)
	if i > 0 && p.times[i-1] > at {
		i = sort.Search(i, func(i int) bool { return p.times[i] > at })
	}
	p.times, p.sets = slices.Insert(p.times, i, at), slices.Insert(p.sets, i, set)
	return i
}

// replay takes all events anew, after one that came late.
func (p *steps) replay(s *Series) int64 {
	complete := int64(none)
	p.all = p.folded
	for i, at := range p.times {
		complete = max(complete, p.all.extend(s, at, p.sets[i]))
	}
	return complete
}

// prune forgets what can't lead to a later begin than the latest.
func (p *steps) prune(s *Series) {
	if p.over(s) {
		*p = steps{latest: p.latest, folded: newChains(), all: newChains()}
		return
	}
	p.drop(p.latest)
}

// drop forgets the events up to a time.
func (p *steps) drop(until int64) {
	n := sort.Search(len(p.times), func(i int) bool { return p.times[i] > until })
	p.times, p.sets = slices.Delete(p.times, 0, n), slices.Delete(p.sets, 0, n)
}

// fold gives the n oldest events up: only how far they lead is known.
func (p *steps) fold(s *Series, n int) {
	for i := range n {
		p.folded.extend(s, p.times[i], p.sets[i])
	}
	p.times, p.sets = slices.Delete(p.times, 0, n), slices.Delete(p.sets, 0, n)
}

// expire forgets what no window reads any more.
func (p *steps) expire(until int64) {
	p.drop(until)
	if p.folded.until <= until {
		p.folded = newChains()
	}
	if p.latest <= until {
		p.latest = none
	}
}

// keepLast forgets all events but the last of each step.
func (p *steps) keepLast() {
	seen := uint8(0)
	for i := len(p.times) - 1; i >= 0; i-- {
		own := p.sets[i] &^ seen
		seen |= own
		if p.sets[i] = own; own == 0 {
			p.times, p.sets = slices.Delete(p.times, i, i+1), slices.Delete(p.sets, i, i+1)
		}
	}
}

// abandoned is the time of the last event of the first step, none when there
// is none or one of the second stands after it.
func (p *steps) abandoned() int64 {
	for i := len(p.times) - 1; i >= 0; i-- {
		switch {
		case p.sets[i]&1 != 0:
			return p.times[i]
		case p.sets[i]&2 != 0:
			return none
		}
	}
	return none
}

// read returns the value of a query, a time.
func (p *steps) read(q Query, now int64) event.Value {
	at := p.latest
	if q.Reduce == ReduceAbandoned {
		at = p.abandoned()
	}
	if at == none || q.From > 0 && at <= now-q.From {
		return event.Value{}
	}
	return event.TimeOf(at)
}

func (p *steps) empty() bool { return len(p.times) == 0 && p.latest == none && p.folded.until == none }

// Estimates of what steps take when stored, in bytes.
const (
	bytesPerStep   = bytesPerTime + 1
	bytesPerChains = bytesPerTime * (MaxSteps + 2)
)

// blobBytes estimates the bytes that the steps take when stored.
func (p *steps) blobBytes() int { return bytesPerSeries + bytesPerChains + bytesPerStep*len(p.times) }

// gain is what folding all events would free; few are nothing, so that what
// is abandoned is never folded.
func (p *steps) gain() int {
	if len(p.times) <= 2 {
		return 0
	}
	return bytesPerStep * len(p.times)
}

// bytes estimates the memory that the steps take.
func (p *steps) bytes() int { return 240 + 8*cap(p.times) + cap(p.sets) }
