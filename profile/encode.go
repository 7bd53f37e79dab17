package profile

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Append writes p's blob behind b. Entries that no window reads any more at
// stream time now are left out, of p as well.
func (c *Codec) Append(b []byte, p *Profile, now int64) []byte {
	p.leaveSeams(c.seams, now)
	if len(p.shadows) > 0 {
		b = append(b, shadowFormat)
	} else {
		b = append(b, formatVersion)
	}
	b = binary.AppendVarint(b, p.FirstSeen)
	b = binary.AppendVarint(b, p.LastSeen)
	b = binary.AppendUvarint(b, p.Version)
	b = binary.AppendUvarint(b, p.Generation)
	b = binary.AppendVarint(b, p.ReachDay)
	b = binary.AppendVarint(b, p.Deadline)
	b = c.appendMembers(b, p)
	b = appendGroups(b, p.Groups)
	b = p.Traits.append(b)
	b = p.seen.append(b)
	b = c.appendSeries(b, p, now)
	if len(p.shadows) > 0 {
		return c.appendShadows(b, p, now)
	}
	return c.appendHeld(b, p)
}

func (c *Codec) appendMembers(b []byte, p *Profile) []byte {
	var room [64]uint64 // spares most profiles an allocation
	numbers := append(room[:0], p.Retired...)
	for w, word := range p.Members { // as Members.All, which takes twice as long
		for ; word != 0; word &= word - 1 {
			i := w<<6 + bits.TrailingZeros64(word)
			if i < len(c.segments.number) { // conditions stand behind the segments
				numbers = append(numbers, c.segments.number[i])
			}
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

func (c *Codec) appendSeries(b []byte, p *Profile, now int64) []byte {
	p.expire(c.schema, now)
	p.kept = slices.DeleteFunc(p.kept, func(k kept) bool { return k.encoded == "" && k.points.empty() })
	b = binary.AppendUvarint(b, uint64(len(p.kept)))
	for i := range p.kept {
		b = binary.AppendUvarint(b, c.series.number[p.kept[i].series])
		b = p.kept[i].append(b, c.schema)
	}
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
