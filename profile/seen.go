package profile

import "github.com/twmb/murmur3"

// repeatWindow is how long a message id is remembered, in milliseconds.
const repeatWindow = 24 * 60 * 60 * 1000

// seen remembers message ids by their 64-bit murmur3 hash and the stream
// time at which they were applied, oldest first. Two ids of one profile
// meet by chance within a day about once in 10^12 profiles.
type seen struct {
	ids   []uint64
	times []int64
}

// repeat reports whether id was applied less than 24 hours before now.
func (s *seen) repeat(id string, now int64) bool {
	h := murmur3.StringSum64(id)
	for i := len(s.ids) - 1; i >= 0 && s.times[i] > now-repeatWindow; i-- {
		if s.ids[i] == h {
			return true
		}
	}
	return false
}

// add remembers id, forgetting what is too old and what passes the bound.
func (s *seen) add(id string, now int64, bound int) {
	drop := 0
	for drop < len(s.ids) && (s.times[drop] <= now-repeatWindow || len(s.ids)-drop >= bound) {
		drop++
	}
	if drop > 0 {
		s.ids = append(s.ids[:0], s.ids[drop:]...)
		s.times = append(s.times[:0], s.times[drop:]...)
	}
	s.ids = append(s.ids, murmur3.StringSum64(id))
	s.times = append(s.times, now)
}
