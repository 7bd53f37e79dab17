package profile

import "github.com/twmb/murmur3"

// repeatWindow is how long a message id is remembered, in milliseconds.
const repeatWindow = 24 * 60 * 60 * 1000

// indexFrom is the number of ids from which a map finds them faster.
const indexFrom = 64

// seen remembers message ids by their 64-bit murmur3 hash and the stream
// time at which they were applied, oldest first. Two ids of one profile
// meet by chance within a day about once in 10^12 profiles.
type seen struct {
	list []sighting
	last map[uint64]int64 // id -> its newest time, once there are many
}

type sighting struct {
	id uint64
	at int64
}

// repeat reports whether id was applied less than 24 hours before now.
func (s *seen) repeat(id string, now int64) bool {
	h := murmur3.StringSum64(id)
	if len(s.list) > indexFrom {
		at, known := s.index()[h]
		return known && at > now-repeatWindow
	}
	for i := len(s.list) - 1; i >= 0 && s.list[i].at > now-repeatWindow; i-- {
		if s.list[i].id == h {
			return true
		}
	}
	return false
}

func (s *seen) index() map[uint64]int64 {
	if s.last == nil {
		s.last = make(map[uint64]int64, len(s.list))
		for _, one := range s.list {
			s.last[one.id] = one.at
		}
	}
	return s.last
}

// add remembers id, forgetting what is too old and what passes the bound.
func (s *seen) add(id string, now int64, bound int) {
	for len(s.list) > 0 && (s.list[0].at <= now-repeatWindow || len(s.list) >= bound) {
		if oldest := s.list[0]; s.last != nil && s.last[oldest.id] == oldest.at {
			delete(s.last, oldest.id)
		}
		s.list = s.list[1:]
	}
	h := murmur3.StringSum64(id)
	s.list = append(s.list, sighting{h, now})
	if s.last != nil {
		s.last[h] = now
	}
}
