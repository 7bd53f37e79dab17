package pipeline

import "muster/profile"

// cached is a profile in memory with what the shard knows of its stored form.
type cached struct {
	profile    *profile.Profile
	deadline   int64 // as stored
	tail       bool  // whether a tail is stored
	dirty      bool  // changed since the last commit
	bytes      int
	prev, next *cached // in order of use
}

// cache holds the owner's profiles, least recently used first out. It is
// authoritative: what is in it is newer than or equal to what is stored.
// Profiles changed since the last commit are never dropped, so the bound may
// be passed by the profiles of one batch.
type cache struct {
	bound    int // bytes; 0 for none
	bytes    int
	profiles map[string]*cached
	root     cached // root.next is the most recently used

	placed     int       // profiles since trim
	spare      []*cached // dropped, for as many to come as came last
	spareBytes int       // beside the bound
}

// keptSpare bounds the memory of dropped profiles, in bytes. It holds that of
// a full batch of which every record loads an ordinary profile.
const keptSpare = 16 << 20

func newCache(bound int) *cache {
	c := &cache{bound: bound, profiles: map[string]*cached{}}
	c.root.prev, c.root.next = &c.root, &c.root
	return c
}

// get returns a cached profile and marks it used, nil when not cached.
func (c *cache) get(id string) *cached {
	e := c.profiles[id]
	if e != nil {
		c.unlink(e)
		c.link(e, &c.root)
	}
	return e
}

func (c *cache) has(id string) bool { return c.profiles[id] != nil }

// place returns a place for a profile that is not cached, with a profile that
// nobody refers to: one that was dropped or a new one.
func (c *cache) place() *cached {
	c.placed++
	last := len(c.spare) - 1
	if last < 0 {
		return &cached{profile: &profile.Profile{}}
	}
	e := c.spare[last]
	c.spare[last] = nil
	c.spare = c.spare[:last]
	c.spareBytes -= e.bytes
	*e = cached{profile: e.profile}
	return e
}

// put adds a profile that is not cached, in its place.
func (c *cache) put(e *cached) {
	e.deadline, e.tail = e.profile.Deadline, e.profile.TailIsStored()
	c.profiles[e.profile.ID] = e
	c.link(e, &c.root)
	c.weigh(e)
}

// putLast adds a profile that is not cached and that nobody is likely to ask
// for: it is the first to be dropped.
func (c *cache) putLast(p *profile.Profile) *cached {
	e := &cached{profile: p, deadline: p.Deadline, tail: p.TailIsStored()}
	c.profiles[p.ID] = e
	c.link(e, c.root.prev)
	c.weigh(e)
	return e
}

// weigh counts a profile's bytes anew.
func (c *cache) weigh(e *cached) {
	if c.bound == 0 {
		return
	}
	c.bytes -= e.bytes
	e.bytes = e.profile.Bytes()
	if derived, ok := e.profile.Derived.(interface{ Bytes() int }); ok {
		e.bytes += derived.Bytes()
	}
	c.bytes += e.bytes
}

// trim drops clean profiles, the least recently used first, until the bound
// holds. The memory of some it keeps for profiles to come.
func (c *cache) trim() {
	c.leave(c.placed)
	for e := c.root.prev; c.bound > 0 && c.bytes > c.bound && e != &c.root; {
		older := e
		e = e.prev
		if older.dirty {
			continue
		}
		c.unlink(older)
		delete(c.profiles, older.profile.ID)
		c.bytes -= older.bytes
		if len(c.spare) < c.placed && c.spareBytes+older.bytes <= keptSpare {
			c.spare = append(c.spare, older)
			c.spareBytes += older.bytes
		}
	}
	c.placed = 0
}

// leave gives up the memory of all but so many profiles that were dropped.
func (c *cache) leave(most int) {
	for len(c.spare) > most {
		last := len(c.spare) - 1
		c.spareBytes -= c.spare[last].bytes
		c.spare[last] = nil
		c.spare = c.spare[:last]
	}
}

// link puts a profile behind another.
func (c *cache) link(e, after *cached) {
	e.prev, e.next = after, after.next
	e.prev.next, e.next.prev = e, e
}

// unlink also forgets the neighbours: a profile that somebody still knows of
// would keep those beside it in memory, which keep those beside them.
func (c *cache) unlink(e *cached) {
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = nil, nil
}
