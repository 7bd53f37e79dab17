package pipeline

import "muster/profile"

// keptBlobs bounds the buffer that a shard keeps for the blobs of its next
// commit, in bytes. It holds those of a full batch of ordinary profiles.
const keptBlobs = 16 << 20

// takeChanges returns and forgets the changes since it was last called. It
// is for feeding a Shard that is never stored.
func (s *Shard) takeChanges() []Change {
	changes := s.changes
	s.changes, s.reach = s.changes[len(s.changes):], s.reach[:0]
	for _, e := range s.dirty {
		e.dirty = false
	}
	s.clean()
	return changes
}

// pending is the number of profiles changed and not committed.
func (s *Shard) pending() int { return len(s.dirty) }

// flush returns everything since the last commit, with next as the offset
// to go on from. The Commit refers to the shard's memory: store it before
// anything else is applied, and keep nothing of it.
func (s *Shard) flush(next int64) *Commit {
	c := &Commit{
		Epoch: s.epoch, From: s.next, Next: next, Clock: s.clock, Outbox: s.outbox,
		Rules: s.set.Fingerprint(), Generation: s.generation, NewNames: s.newNames,
		Changes: s.changes, Reach: s.reach, Hidden: s.hidden,
		Profiles: s.writes[:0], Swept: s.swept, Bucket: s.bucket, Catalog: s.catalogued, Drop: s.drop,
	}
	s.tellErased(c)
	blobs := s.blobs[:0]
	for _, e := range s.dirty {
		if !e.profile.Exists() { // erased since the last commit
			c.Profiles = append(c.Profiles, Write{Profile: e.profile.ID, Timer: e.deadline != 0, Gone: true})
			continue
		}
		start := len(blobs)
		blobs = s.codec.AppendBase(blobs, e.profile, s.evaluated(e.profile))
		c.Profiles = append(c.Profiles, Write{
			Profile: e.profile.ID, Blob: blobs[start:len(blobs):len(blobs)],
			Tail: e.profile.Tail(), TailChanged: e.tailChanged(),
			Deadline: e.profile.Deadline, Timer: e.profile.Deadline != e.deadline,
		})
	}
	s.writes = c.Profiles
	if s.blobs = blobs; cap(blobs) > keptBlobs {
		s.blobs = nil
	}
	return c
}

// tailChanged reports whether the tail is another than the stored one, or one of
// the two is missing.
func (e *cached) tailChanged() bool {
	if len(e.profile.Tail()) == 0 {
		return e.tail // an erased profile that came back without traits
	}
	return !e.profile.TailIsStored()
}

// evaluated is the latest instant that a profile was evaluated for. That is the
// clock, or the millisecond before it when many timers are due at the clock
// and the profile's own is not served yet: what its deadline is about must
// still be there when it is read back.
func (s *Shard) evaluated(p *profile.Profile) int64 {
	if p.Deadline == 0 {
		return s.clock
	}
	return min(s.clock, p.Deadline-1)
}

// committed tells the shard that c was stored.
func (s *Shard) committed(c *Commit) {
	s.next = c.Next
	s.outbox += int64(len(c.Changes))
	s.stored = lineage{c.Rules, c.Generation, c.Swept, c.Bucket, s.catalog}
	s.newNames, s.catalogued, s.drop, s.untold = nil, nil, nil, nil
	for _, e := range s.dirty {
		e.profile.StoredTail()
		e.dirty, e.deadline, e.tail = false, e.profile.Deadline, e.profile.TailIsStored()
		s.cache.weigh(e)
	}
	s.changes, s.reach = s.changes[:0], s.reach[:0]
	s.clean()
	s.cache.trim()
}

// clean makes the list of changed profiles empty. What is behind its end must
// not keep profiles in memory that the cache has dropped.
func (s *Shard) clean() {
	clear(s.dirty)
	s.dirty = s.dirty[:0]
}
