package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
)

// held is a condition that is true, and the stream time since when it has
// been at every step of the profile, in ms.
type held struct {
	condition int // index of Schema.Conditions
	since     int64
}

func (p *Profile) findHeld(condition int) (int, bool) {
	i := sort.Search(len(p.held), func(i int) bool { return p.held[i].condition >= condition })
	return i, i < len(p.held) && p.held[i].condition == condition
}

// Since returns the stream time (ms) since when a condition of the schema
// has been true; false when it is not.
func (p *Profile) Since(condition int) (int64, bool) {
	if i, found := p.findHeld(condition); found {
		return p.held[i].since, true
	}
	return 0, false
}

// Hold notes that a condition has become true at a stream time (ms).
func (p *Profile) Hold(condition int, since int64) {
	i, found := p.findHeld(condition)
	if !found {
		p.held = slices.Insert(p.held, i, held{})
	}
	p.held[i] = held{condition, since}
}

// Release notes that a condition is not true any more.
func (p *Profile) Release(condition int) {
	if i, found := p.findHeld(condition); found {
		p.held = slices.Delete(p.held, i, i+1)
	}
}

// EachHeld calls f with every condition that is true, in ascending order, and
// since when it is.
func (p *Profile) EachHeld(f func(condition int, since int64)) {
	for _, h := range p.held {
		f(h.condition, h.since)
	}
}

// appendHeld writes the conditions that are true. Where there are none it
// writes nothing: a blob without the list says that none is true.
func (c *Codec) appendHeld(b []byte, p *Profile) []byte {
	if len(p.held) == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(p.held)))
	for _, h := range p.held {
		b = binary.AppendUvarint(b, c.conditions.number[h.condition])
		b = binary.AppendVarint(b, h.since)
	}
	return b
}

// readHeld reads what appendHeld wrote. Conditions that the rule set no
// longer has are dropped.
func (c *Codec) readHeld(r *reader, p *Profile) {
	if r.left() == 0 {
		return
	}
	n := r.count(2)
	if n == 0 && !r.shadowed {
		r.fail(errors.New("an empty list of conditions"))
	}
	for range n {
		number, since := r.uvarint(), r.varint()
		if number >= uint64(len(c.names)) {
			r.fail(fmt.Errorf("condition number %d is not among the shard's %d names", number, len(c.names)))
			return
		}
		if i, ok := c.conditions.at(number); ok {
			p.Hold(i, since)
			p.Members.Set(len(c.segments.number)+i, true)
		}
	}
}
