package snapshot

import "muster/profile"

const (
	// mostAlike and mostAlikeBytes bound what a scan remembers of profiles that
	// are alike. Those that come when it is full are evaluated one by one.
	mostAlike      = 1 << 14
	mostAlikeBytes = 16 << 20
	// besideAlike is what is remembered beside the memberships.
	besideAlike = 160
	// mostAlikeShards is how many shards a likeness can tell apart.
	mostAlikeShards = 1 << 16
)

// alike lets a scan ask the engine once for all profiles that it can't tell
// apart: those with equal values of everything that its rules read, at the same
// time where they read that. So the engine alone says what a rule means. A
// profile is evaluated by itself where a value has no number of its own.
type alike struct {
	values  *values
	columns []*valueColumn
	timed   bool // whether the time is read, which each shard has its own of
	known   map[likeness]*lookalike
	most    int
}

// likeness is the numbers of all that is read, and behind them the shard.
type likeness [mostValueColumns + 1]uint16

// lookalike is what was found of the profiles of one likeness.
type lookalike struct {
	members profile.Members
	taken   int   // how many were counted one by one, for examples, up to mostExamples
	more    int64 // how many came behind them and are counted together
}

// newAlike returns nil where a scan has to look at every profile: for rules that
// read anything else, and for questions that ask what is stored of each.
func (s *Snapshot) newAlike(c *scan) *alike {
	for _, p := range c.passes {
		if p.q.live || p.q.overlap {
			return nil
		}
	}
	timed, ok := c.set.ByValues()
	if !ok || len(s.shards) > mostAlikeShards {
		return nil
	}
	v := s.values()
	columns := v.of(c.set.Schema())
	if columns == nil {
		return nil
	}
	each := besideAlike + c.set.Len()/8
	return &alike{
		values: v, columns: columns, timed: timed, known: map[likeness]*lookalike{}, most: min(mostAlike, mostAlikeBytes/each),
	}
}

// likeness returns that of a profile, and false for one that has to be evaluated
// by itself.
func (a *alike) likeness(place int, shard int32) (l likeness, ok bool) {
	for i, c := range a.columns {
		code := c.codes[place]
		if code == codeOther {
			return l, false
		}
		l[i] = code
	}
	if a.timed {
		l[mostValueColumns] = uint16(shard)
	}
	return l, true
}

// remember keeps what was found of the first profile of a likeness.
func (a *alike) remember(l likeness, members profile.Members) {
	if len(a.known) < a.most {
		a.known[l] = &lookalike{members: append(profile.Members(nil), members...), taken: 1}
	}
}

// evaluateAlike evaluates profiles from a place on, each likeness once.
func (c *scan) evaluateAlike(from int, some []held) error {
	if err := c.alike.values.fill(c.alike.columns, from+len(some)); err != nil {
		return err
	}
	for i := range some {
		one := &some[i]
		l, ok := c.alike.likeness(from+i, one.shard)
		if ok {
			if same := c.alike.known[l]; same != nil {
				c.takeAlike(one.id, same)
				continue
			}
		}
		decoded, err := c.look(one)
		if err != nil {
			return err
		}
		if ok {
			c.alike.remember(l, decoded.Members)
		}
	}
	return nil
}

// takeAlike counts a profile like one that was evaluated. The first are counted
// one by one: examples of a segment are its first members, and each of these is
// among the first of its likeness.
func (c *scan) takeAlike(id string, same *lookalike) {
	if same.taken == mostExamples {
		same.more++
		return
	}
	same.taken++
	for _, p := range c.passes {
		p.admit(id, same.members)
	}
}

// fold counts the profiles that are counted together, before an answer is told.
func (c *scan) fold() {
	if c.alike == nil {
		return
	}
	for _, same := range c.alike.known {
		if same.more == 0 {
			continue
		}
		for _, p := range c.passes {
			p.admitMore(same.more, same.members)
		}
		same.more = 0
	}
}

// admit counts a profile that is like one that was evaluated.
func (p *pass) admit(id string, members profile.Members) {
	p.seen++
	for k, position := range p.at {
		if members.Has(position) {
			p.members[k].add(id)
		}
	}
}

// admitMore counts many of these together.
func (p *pass) admitMore(profiles int64, members profile.Members) {
	p.seen += profiles
	for k, position := range p.at {
		if members.Has(position) {
			p.members[k].found += profiles
		}
	}
}
