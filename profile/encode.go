package profile

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Append writes p's blob behind b. Entries that no window reads any more at
// stream time now are left out, of p as well.
func (c *Codec) Append(b []byte, p *Profile, now int64) []byte {
	return append(c.AppendBase(b, p, now), p.Tail()...)
}

// AppendBase is Append without the tail.
func (c *Codec) AppendBase(b []byte, p *Profile, now int64) []byte {
	p.leaveSeams(c.seams, now)
	b = p.encodeTraits(b)
	switch {
	case p.journaled():
		b = append(b, journalFormat)
	case len(p.shadows) > 0:
		b = append(b, shadowFormat)
	default:
		b = append(b, formatVersion)
	}
	b = p.appendTailHead(b)
	b = binary.AppendVarint(b, p.FirstSeen)
	b = binary.AppendVarint(b, p.LastSeen)
	b = binary.AppendUvarint(b, p.Version)
	b = binary.AppendUvarint(b, p.Generation)
	b = binary.AppendVarint(b, p.ReachDay)
	b = binary.AppendVarint(b, p.Deadline)
	b = c.appendMembers(b, p)
	b = appendGroups(b, p.Groups)
	b = p.seen.append(b)
	b = c.appendSeries(b, p, now)
	if len(p.shadows) > 0 {
		return c.appendShadows(b, p, now)
	}
	return c.appendHeld(b, p)
}

// appendMembers writes the numbers of the segments that a profile is in, in
// ascending order: how many, the first, and the step to each that follows.
func (c *Codec) appendMembers(b []byte, p *Profile) []byte {
	if c.segments.ascending && len(p.Retired) == 0 {
		return c.appendAscending(b, p.Members)
	}
	var room [64]uint64 // spares most profiles an allocation
	numbers := append(room[:0], p.Retired...)
	for i := range p.Members.All() {
		if i < len(c.segments.number) { // conditions stand behind the segments
			numbers = append(numbers, c.segments.number[i])
		}
	}
	slices.Sort(numbers)
	b = binary.AppendUvarint(b, uint64(len(numbers)))
	last := uint64(0)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n-last)
		last = n
	}
	return b
}

// appendAscending is appendMembers for numbers that stand in order already.
// Profiles are written twice for five events, and each is in hundreds of
// segments when there are thousands; nothing is sorted or kept for that.
func (c *Codec) appendAscending(b []byte, m Members) []byte {
	number := c.segments.number
	m = m[:min(len(m), (len(number)+63)/64)]
	count := m.Count()
	if over := len(m)*64 - len(number); over > 0 { // of the last word: conditions stand behind the segments
		count -= bits.OnesCount64(m[len(m)-1] >> (64 - over))
	}
	b = slices.Grow(binary.AppendUvarint(b, uint64(count)), count)
	last := uint64(0)
	for w, word := range m { // as Members.All, which takes twice as long
		for ; word != 0 && count > 0; word &= word - 1 {
			n := number[w<<6+bits.TrailingZeros64(word)]
			if step := n - last; step < 0x80 {
				b = append(b, byte(step))
			} else {
				b = binary.AppendUvarint(b, step)
			}
			last = n
			count--
		}
	}
	return b
}

func (c *Codec) appendSeries(b []byte, p *Profile, now int64) []byte {
	p.expire(c.schema, now)
	p.kept = slices.DeleteFunc(p.kept, func(k kept) bool { return k.size == 0 && k.points.empty() })
	b = binary.AppendUvarint(b, uint64(len(p.kept)))
	begin, settles := len(b), p.settles()
	for i := range p.kept {
		k := &p.kept[i]
		b = binary.AppendUvarint(b, c.series.number[k.series])
		at := len(b) - begin
		if b = p.appendKept(b, k, c.schema); settles {
			k.at = uint32(at)
		}
	}
	if settles {
		p.setBlock(b[begin:])
	}
	p.leaveSheet()
	return b
}

func (p *points) append(b []byte) []byte {
	if p.steps != nil {
		one := points{vals: []string{p.steps.encode()}}
		return one.append(b)
	}
	b = binary.AppendUvarint(b, uint64(p.len()))
	last := int64(0)
	for _, t := range p.entries() {
		b = binary.AppendVarint(b, t-last)
		last = t
	}
	b = binary.AppendUvarint(b, uint64(len(p.numbers())))
	for _, v := range p.numbers() {
		b = appendNumber(b, v)
	}
	b = binary.AppendUvarint(b, uint64(len(p.values())))
	for _, v := range p.values() {
		b = appendText(b, v)
	}
	b = binary.AppendUvarint(b, uint64(len(p.lumps)))
	for _, k := range p.lumps {
		b = binary.AppendVarint(b, k.first)
		b = binary.AppendVarint(b, k.last-k.first)
		b = binary.AppendVarint(b, k.count)
		b = appendNumber(appendNumber(appendDecimal(b, k.sum), k.min), k.max)
	}
	return b
}
