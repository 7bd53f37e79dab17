package snapshot

import (
	"cmp"
	"slices"
	"strings"

	"muster/profile"
)

// Overlap is what a rule has in common with a segment in force, whose members
// are those that the store has.
type Overlap struct {
	Segment string `json:"segment"`
	Both    Band   `json:"both"` // members of both
	Size    Band   `json:"size"` // members of the segment
	// OfRule is the part of the rule's members that are in the segment, from 0 to
	// 1, and OfSegment the part of the segment's that are in the rule.
	OfRule    float64 `json:"of_rule"`
	OfSegment float64 `json:"of_segment"`
}

// shared counts the members of a segment in force.
type shared struct{ both, all int64 }

// standing lists the segments that a profile was decoded with: of those of the
// scan, which are few, and all others.
func (c *scan) standing(decoded *profile.Profile, codec *profile.Codec) []string {
	var ids []string
	for position := range c.set.Len() {
		if decoded.Members.Has(position) {
			ids = append(ids, c.set.Segment(position).ID)
		}
	}
	for _, number := range decoded.Retired {
		ids = append(ids, codec.Segment(number))
	}
	return ids
}

// share counts a profile that stood in segments, and whether the rule has it.
func (p *pass) share(stood []string, member bool) {
	for _, id := range stood {
		one := p.shared[id]
		if one == nil {
			one = &shared{}
			p.shared[id] = one
		}
		if one.all++; member {
			one.both++
		}
	}
}

// overlap lists the segments that share a member with the rule, those first that
// share most.
func (p *pass) overlap() []Overlap {
	var list []Overlap
	for id, one := range p.shared {
		if one.both == 0 {
			continue
		}
		list = append(list, Overlap{
			Segment: id, Both: BandOf(one.both, p.seen, p.of.all), Size: BandOf(one.all, p.seen, p.of.all),
			OfRule: float64(one.both) / float64(p.members[0].found), OfSegment: float64(one.both) / float64(one.all),
		})
	}
	slices.SortFunc(list, func(a, b Overlap) int {
		return cmp.Or(cmp.Compare(b.Both.Estimate, a.Both.Estimate), strings.Compare(a.Segment, b.Segment))
	})
	return list
}
