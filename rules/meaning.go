package rules

import (
	"encoding/binary"

	"github.com/twmb/murmur3"

	"muster/rules/internal/language"
)

// mean notes what every segment means: its rule with the catalogues that it
// follows and, through those that it mentions, theirs. Order gives the index of each position in checks.
func (s *Set) mean(order []int32, checks []language.Checked) {
	s.meanings, s.wordings, s.uses = make([]uint64, len(order)), make([]uint64, len(order)), map[int][]int{}
	for position, i := range order {
		for _, use := range checks[i].Uses {
			s.uses[position] = append(s.uses[position], s.mentioned(use.Segment))
		}
		s.wordings[position] = s.digest(position, s.wordings, 0)
		s.meanings[position] = s.digest(position, s.meanings, s.asked[position].follows)
	}
}

// digest digests a rule, what those are that it mentions, and what it follows.
func (s *Set) digest(position int, of []uint64, follows uint64) uint64 {
	text := binary.AppendUvarint(nil, semantics)
	text = append(text, s.segments[position].Rule...)
	for _, used := range s.uses[position] {
		text = binary.BigEndian.AppendUint64(text, of[used])
	}
	if follows != 0 {
		text = binary.BigEndian.AppendUint64(text, follows)
	}
	return murmur3.Sum64(text)
}

// Meaning is a digest of what the segment at a position means. Equal ones of
// two Sets have the same members, given the same profiles; those of a segment
// that mentions others differ when one of these does.
func (s *Set) Meaning(position int) uint64 { return s.meanings[position] }

// Wording is Meaning without the tables that the segment follows, of which none
// needs another history.
func (s *Set) Wording(position int) uint64 { return s.wordings[position] }

// Subset compiles some segments, by position, with those that they mention.
func (s *Set) Subset(positions []int) (*Set, error) { return Compile(s.with(positions)) }

// with returns some segments, by position, and those that they mention.
func (s *Set) with(positions []int) []Segment {
	wanted := map[int]bool{}
	var segments []Segment
	var want func(position int)
	want = func(position int) {
		if wanted[position] {
			return
		}
		wanted[position] = true
		segments = append(segments, s.segments[position])
		for _, used := range s.uses[position] {
			want(used)
		}
	}
	for _, position := range positions {
		want(position)
	}
	return segments
}

// SeriesOf returns the keys of the series that decide over a segment, those
// of the segments that it mentions included. It reads the rule anew, some
// 20 us, and remembers the answer, as every shard of a process asks.
func (s *Set) SeriesOf(position int) []string {
	if keys, ok := s.seriesOf.Load(position); ok {
		return keys.([]string)
	}
	var keys []string
	if one, mistakes := language.Check(s.segments[position].Rule); len(mistakes) == 0 {
		one.Term.Deep(func(t *language.Term) {
			if t.Op == language.OpAggregate {
				keys = append(keys, t.Aggregate.Key())
			}
		})
	}
	for _, used := range s.uses[position] {
		keys = append(keys, s.SeriesOf(used)...)
	}
	s.seriesOf.Store(position, keys)
	return keys
}
