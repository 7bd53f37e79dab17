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
	alike   *alike // nil where every profile is evaluated by itself
	room    profile.Profile
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
	c.alike = s.newAlike(c)
	return c
}

// evaluate has the engine look at the profiles behind so many, a stride of them.
func (c *scan) evaluate(seen int64) error {
	some := c.of.stride(seen)
	if c.alike != nil {
		return c.evaluateAlike(int(seen), some)
	}
	for i := range some {
		if _, err := c.look(&some[i]); err != nil {
			return err
		}
	}
	return nil
}

// look has the engine look at a profile as of the clock of its shard, and counts
// it. It finds all memberships anew; those that are stored are noted before. What
// it returns is valid until the next call.
func (c *scan) look(one *held) (*profile.Profile, error) {
	codec, decoded := c.codecs[one.shard], &c.room
	if err := codec.DecodeInto(decoded, one.id, one.blob); err != nil {
		return nil, fmt.Errorf("reading a profile of shard %d: %w", one.shard, err)
	}
	for _, p := range c.passes {
		p.note(c, decoded, codec)
	}
	c.matcher.Full(decoded, c.of.shards[one.shard].clock)
	for _, p := range c.passes {
		p.take(one.id, decoded)
	}
	return decoded, nil
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
