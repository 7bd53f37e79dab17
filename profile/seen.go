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
	ids   []uint64
	times []int64
	last  map[uint64]int64 // id -> its newest time, once there are many
}

// repeat reports whether id was applied less than 24 hours before now.
func (s *seen) repeat(id string, now int64) bool {
	h := murmur3.StringSum64(id)
	if len(s.ids) > indexFrom {
		at, known := s.index()[h]
		return known && at > now-repeatWindow
	}
	for i := len(s.ids) - 1; i >= 0 && s.times[i] > now-repeatWindow; i-- {
		if s.ids[i] == h {
			return true
		}
	}
	return false
}

func (s *seen) index() map[uint64]int64 {
	if s.last == nil {
		s.last = make(map[uint64]int64, len(s.ids))
		for i, id := range s.ids {
			s.last[id] = s.times[i]
		}
	}
	return s.last
}

// add remembers id, forgetting what is too old and what passes the bound.
func (s *seen) add(id string, now int64, bound int) {
	for len(s.ids) > 0 && (s.times[0] <= now-repeatWindow || len(s.ids) >= bound) {
		if s.last != nil && s.last[s.ids[0]] == s.times[0] {
			delete(s.last, s.ids[0])
		}
		s.ids, s.times = s.ids[1:], s.times[1:]
	}
	h := murmur3.StringSum64(id)
	s.ids, s.times = append(s.ids, h), append(s.times, now)
	if s.last != nil {
		s.last[h] = now
	}
}
