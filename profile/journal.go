package profile

import (
	"encoding/binary"
	"math"
	"strings"

	"muster/event"
)

// A journal is what a shadow keeps for a run that tells since when conditions
// of held(...) are true: every event behind the seam, in the order in which
// they were applied, by what it is to the series that the run gives and to
// traits and groups. When history comes, the profile is taken through it again
// from the seam on, see Retrace.

// entry is an event in a journal.
type entry struct {
	recentEvent
	kind  entryKind
	group string // id of the group that it joins
	body  string // traits that it tells, encoded
}

// entryKind is what an event does beside being counted.
type entryKind uint8

const (
	entryCounts entryKind = iota // nothing
	entryTraits                  // it tells traits
	entryGroup                   // it joins a group
)

// bytesPerEntry is what an entry takes when stored beside its texts, about,
// and bytesPerTake what each series adds that it is something to.
const (
	bytesPerEntry = 20
	bytesPerTake  = 4
)

// bytes estimates what an entry takes when stored.
func (e *entry) bytes() int {
	n := bytesPerEntry + len(e.group) + len(e.body)
	for i := range e.takes {
		n += bytesPerTake + len(e.takes[i].value)
	}
	return n
}

// noteBehind puts an event that was applied behind a run's seam down in the
// journal of the run. A journal that would pass Config.StateBytes is given
// up: what is left of it could not tell anything.
func (p *Profile) noteBehind(seam *Seam, schema *Schema, cfg *Config, ev *event.Event, now int64) {
	if len(seam.conditions) == 0 {
		return
	}
	own := p.makeShadow(seam)
	if own.told || own.lost {
		return
	}
	one := entryOf(seam, schema, ev, now)
	if own.journalBytes += one.bytes(); own.journalBytes > cfg.StateBytes {
		own.leaveJournal()
		own.lost = true
		return
	}
	own.journal = append(own.journal, one)
}

// leaveJournal forgets the journal.
func (s *shadow) leaveJournal() { s.journal, s.journalBytes = nil, 0 }

// entryOf is what an event, applied at stream time now, is to a run.
func entryOf(seam *Seam, schema *Schema, ev *event.Event, now int64) entry {
	one := entry{recentEvent: recentEvent{applied: now, time: ev.Time}}
	if ev.MessageID != "" {
		one.id = hashOf(ev.MessageID)
	}
	switch ev.Type {
	case event.Identify:
		one.kind, one.body = entryTraits, encodeValue(ev.Body)
	case event.Group:
		one.kind, one.group, one.body = entryGroup, strings.Clone(ev.GroupID), encodeValue(ev.Body)
	}
	one.takes = schema.takesOf(ev, func(position int) (int, bool) { return position, !seam.others.Has(position) })
	return one
}

// takesOf lists what an event is to some series: number tells which, and by
// what number to name them.
func (s *Schema) takesOf(ev *event.Event, number func(position int) (int, bool)) []take {
	if !s.takes(ev) {
		return nil
	}
	var takes []take
	s.match(ev, func(position int, set uint8) {
		i, wanted := number(position)
		if !wanted {
			return
		}
		t := take{series: i, set: set}
		if project := s.Series[position].Project; project != nil {
			t.value = encodeValue(project(ev))
		}
		takes = append(takes, t)
	})
	return takes
}

// States of a shadow as to the conditions that its run tells of.
const (
	journalNone = iota // nothing has come behind the seam, or the run tells of none
	journalKept        // the journal follows
	journalLost        // it passed its bound
	journalTold        // the run has told
)

// journalState is the state of a shadow.
func (s *shadow) journalState() byte {
	switch {
	case s.told:
		return journalTold
	case s.lost:
		return journalLost
	case len(s.journal) > 0:
		return journalKept
	}
	return journalNone
}

// journaled reports whether any shadow has a state to be stored.
func (p *Profile) journaled() bool {
	for i := range p.shadows {
		if p.shadows[i].journalState() != journalNone {
			return true
		}
	}
	return false
}

// appendJournal writes the state of a shadow, and its journal.
func (c *Codec) appendJournal(b []byte, s *shadow) []byte {
	state := s.journalState()
	if b = append(b, state); state != journalKept {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(s.journal)))
	for i := range s.journal {
		e := &s.journal[i]
		b = appendText(appendText(append(b, byte(e.kind)), e.group), e.body)
		b = e.appendAs(b, func(position int) uint64 { return c.series.number[position] })
	}
	return b
}

// readJournal reads what appendJournal wrote. Series that the rule set no
// longer has are dropped.
func (c *Codec) readJournal(r *reader, s *shadow) {
	switch state := r.byte(); state {
	case journalNone:
	case journalKept:
		n := r.count(leastEntry)
		if n == 0 {
			r.fail(errValue)
		}
		for range n {
			if one := c.readEntry(r); r.err == nil {
				s.journal = append(s.journal, one)
				s.journalBytes += one.bytes()
			}
		}
	case journalLost, journalTold:
		s.lost, s.told = state == journalLost, state == journalTold
	default:
		r.fail(errValue)
	}
}

// leastEntry is how many bytes an entry takes at least.
const leastEntry = 14

func (c *Codec) readEntry(r *reader) entry {
	one := entry{kind: r.entryKind(), group: strings.Clone(r.text()), body: r.entryBody()}
	one.recentEvent = r.recent(len(c.names))
	known := one.takes[:0]
	for _, t := range one.takes {
		if position, ok := c.series.at(uint64(t.series)); ok {
			t.series = position
			known = append(known, t)
		}
	}
	one.takes = known
	return one
}

func (r *reader) entryKind() entryKind {
	kind := entryKind(r.byte())
	if kind > entryGroup {
		r.fail(errValue)
	}
	return kind
}

// entryBody reads the traits that an event tells: "", or an encoded object, or
// that it tells none.
func (r *reader) entryBody() string {
	text := r.text()
	if text == "" {
		return ""
	}
	inner := reader{blob: text}
	body := inner.value(0)
	if inner.err != nil || inner.left() > 0 || body.Kind() != event.KindObject && !body.IsMissing() {
		r.fail(errValue)
	}
	return strings.Clone(text)
}

// skipJournal passes over what readJournal reads.
func (r *reader) skipJournal() {
	if r.byte() != journalKept {
		return
	}
	for range r.count(leastEntry) {
		r.entryKind()
		r.text()
		r.text()
		r.recent(maxSeries)
	}
}

// maxSeries is more than any number in a list of names.
const maxSeries = math.MaxInt32
