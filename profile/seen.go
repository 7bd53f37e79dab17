package profile

import (
	"encoding/binary"
	"slices"

	"github.com/twmb/murmur3"
)

// repeatWindow is how long a message id is remembered, in milliseconds.
const repeatWindow = 24 * 60 * 60 * 1000

// indexFrom is the number of ids from which a map finds them faster.
const indexFrom = 64

// Bytes of a sighting.
const (
	bytesPerID       = 8
	bytesPerSighting = bytesPerID + 3 // with the time of one that comes an hour after the one before
)

// seen remembers message ids by their 64-bit murmur3 hash and the stream
// time at which they were applied, oldest first. Two ids of one profile
// meet by chance within a day about once in 10^12 profiles.
//
// They are kept as they are stored, as an active profile has hundreds: each
// is an id and the time since the one before, as a varint. What stands with
// the first one is not used.
type seen struct {
	sightings   []byte
	count       int
	first, last int64            // times of the first and the last
	newest      map[uint64]int64 // id -> its newest time, once there are many
}

// hashOf is what is remembered of an id.
func hashOf(id string) uint64 { return murmur3.StringSum64(id) }

// repeat reports whether id was applied less than 24 hours before now.
func (s *seen) repeat(id uint64, now int64) bool {
	if s.count > indexFrom {
		at, known := s.index()[id]
		return known && at > now-repeatWindow
	}
	if !s.has(id) {
		return false
	}
	found := false
	s.each(func(one uint64, at int64) { found = found || one == id && at > now-repeatWindow })
	return found
}

// has reports whether id is among the sightings, whenever that was: of hardly
// any event it is, so that no time need be read.
func (s *seen) has(id uint64) bool {
	for rest := s.sightings; len(rest) > bytesPerID; {
		if binary.LittleEndian.Uint64(rest) == id {
			return true
		}
		n := bytesPerID
		for rest[n] >= 0x80 { // the bytes of a varint but for its last
			n++
		}
		rest = rest[n+1:]
	}
	return false
}

// each calls f with every id and its time.
func (s *seen) each(f func(id uint64, at int64)) {
	at := s.first
	for rest := s.sightings; len(rest) > 0; {
		since, n := binary.Varint(rest[bytesPerID:])
		if len(rest) < len(s.sightings) {
			at += since
		}
		f(binary.LittleEndian.Uint64(rest), at)
		rest = rest[bytesPerID+n:]
	}
}

func (s *seen) index() map[uint64]int64 {
	if s.newest == nil {
		s.newest = make(map[uint64]int64, s.count)
		s.each(func(id uint64, at int64) { s.newest[id] = at })
	}
	return s.newest
}

// add remembers id, forgetting what is too old and what passes the bound.
func (s *seen) add(id uint64, now int64, bound int) {
	for s.count > 0 && (s.first <= now-repeatWindow || s.count >= bound) {
		s.forget()
	}
	s.note(id, now)
}

// keep remembers id beyond 24 hours, forgetting only what passes the bound.
func (s *seen) keep(id uint64, now int64, bound int) {
	for s.count > 0 && s.count >= bound {
		s.forget()
	}
	s.note(id, now)
}

// note notes an id behind the others.
func (s *seen) note(h uint64, now int64) {
	if s.count == 0 {
		s.first, s.last = now, now
	}
	s.sightings = binary.AppendVarint(binary.LittleEndian.AppendUint64(s.sightings, h), now-s.last)
	s.last = now
	s.count++
	if s.newest != nil {
		s.newest[h] = now
	}
}

// forget drops the first.
func (s *seen) forget() {
	id := binary.LittleEndian.Uint64(s.sightings)
	if s.newest != nil && s.newest[id] == s.first {
		delete(s.newest, id)
	}
	s.sightings = s.sightings[s.firstBytes():]
	if s.count--; s.count > 0 {
		since, _ := binary.Varint(s.sightings[bytesPerID:])
		s.first += since
	}
}

// firstBytes returns how many bytes the first takes.
func (s *seen) firstBytes() int {
	_, n := binary.Varint(s.sightings[bytesPerID:])
	return bytesPerID + n
}

// append writes the ids behind b.
func (s *seen) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(s.count))
	if s.count == 0 {
		return b
	}
	b = append(b, s.sightings[:bytesPerID]...)
	b = binary.AppendVarint(b, s.first)
	return append(b, s.sightings[s.firstBytes():]...)
}

// read takes what append wrote, with room for one more: that of the event
// that the profile is read for.
func (s *seen) read(r *reader) {
	s.count = r.count(bytesPerID + 1)
	begin := r.at
	for i := range s.count {
		r.fixed()
		if s.last += r.varint(); i == 0 {
			s.first = s.last
		}
	}
	s.sightings = append(slices.Grow(s.sightings[:0], r.at-begin+bytesPerSighting), r.blob[begin:r.at]...)
}

// skipSeen passes over what read takes.
func (r *reader) skipSeen() {
	for range r.count(bytesPerID + 1) {
		r.fixed()
		r.uvarint()
	}
}

// bytes estimates the memory that s takes beside itself.
func (s *seen) bytes() int { return cap(s.sightings) + 24*len(s.newest) }
