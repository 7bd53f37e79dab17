package snapshot

import (
	"fmt"

	"muster/profile"
	"muster/rules"
)

// scan evaluates the rules of several questions as one set: each profile is read
// once for all of them.
type scan struct {
	of      *Snapshot
	set     *rules.Set
	matcher *rules.Matcher
	codecs  []*profile.Codec // by shard
	passes  []*pass
}

func (s *Snapshot) newScan(set *rules.Set, passes ...*pass) *scan {
	c := &scan{of: s, set: set, matcher: rules.NewMatcher(set), codecs: make([]*profile.Codec, len(s.shards)), passes: passes}
	overlap := false
	for _, p := range passes {
		overlap = overlap || p.q.overlap
	}
	schema, ids := set.Schema(), set.IDs()
	for i := range s.shards {
		codec, _ := profile.NewCodec(schema, ids, s.shards[i].names)
		// It reads what the rules ask for, and other memberships where they count.
		c.codecs[i] = codec.Retiring(func(string) bool { return overlap })
	}
	return c
}

// evaluate has the engine look at profiles as of the clocks of their shards. It
// finds all memberships anew; those that are stored are noted before.
func (c *scan) evaluate(some []held) error {
	for i := range some {
		one := &some[i]
		codec := c.codecs[one.shard]
		decoded, err := codec.Decode(one.id, one.blob)
		if err != nil {
			return fmt.Errorf("reading a profile of shard %d: %w", one.shard, err)
		}
		for _, p := range c.passes {
			p.note(c, decoded, codec)
		}
		c.matcher.Full(decoded, c.of.shards[one.shard].clock)
		for _, p := range c.passes {
			p.take(one.id, decoded)
		}
	}
	return nil
}

// note remembers where a profile stands before it is evaluated.
func (p *pass) note(c *scan, decoded *profile.Profile, codec *profile.Codec) {
	for k, position := range p.at {
		p.stored[k] = decoded.Members.Has(position)
	}
	if p.q.overlap {
		p.stood = c.standing(decoded, codec)
	}
}

// take counts a profile that was evaluated.
func (p *pass) take(id string, decoded *profile.Profile) {
	p.seen++
	for k, position := range p.at {
		p.count(k, id, p.stored[k], decoded.Members.Has(position))
	}
	if p.q.overlap {
		p.share(p.stood, decoded.Members.Has(p.at[0]))
	}
}

// count counts a profile that was in a segment, or is by its rule.
func (p *pass) count(k int, id string, was, is bool) {
	if is {
		p.members[k].add(id)
	}
	switch {
	case is && !was:
		p.entering[k].add(id)
	case was && !is:
		p.leaving[k].add(id)
	}
}
