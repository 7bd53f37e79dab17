package sink

import (
	"context"
	"strings"
)

// How many members a segment has is counted by HINCRBY, whose answer is what
// came of it. The owner remembers that: nobody else writes it, and all of its
// commits change the meta hash that is watched. So the next commits write the
// sizes of all segments that are known by one HSET, where an HINCRBY for each
// was a quarter of their commands.

// mostSizes bounds the segments of a shard whose sizes are remembered, some
// 6 MB. Past it all are forgotten, and counted by Redis once more.
const mostSizes = 1 << 16

// knownSizes are the sizes that the owner of a shard knows. It knows none in
// the beginning, behind every error, and behind every attempt whose outcome
// was looked up.
type knownSizes struct {
	of map[string]int64 // by segment

	// Of the attempt at hand.
	written []movedSize // are known
	counted []movedSize // are not
}

// movedSize is a segment whose size an attempt changes.
type movedSize struct {
	segment *string
	by      int64
	at      int // of the command by whose answer Redis tells the size, where it is not known
}

func (s *Store) knownSizes(shard int) *knownSizes {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.sizes[shard]
	if k == nil {
		k = &knownSizes{of: map[string]int64{}}
		s.sizes[shard] = k
	}
	return k
}

// forget has all sizes counted by Redis again.
func (k *knownSizes) forget() { *k = knownSizes{of: map[string]int64{}} }

// begin begins an attempt.
func (k *knownSizes) begin() {
	clear(k.written)
	clear(k.counted)
	k.written, k.counted = k.written[:0], k.counted[:0]
}

// move notes that an attempt changes the size of a segment, and returns what
// it becomes if that is known.
func (k *knownSizes) move(segment *string, by int64) (size int64, known bool) {
	if size, known = k.of[*segment]; known {
		k.written = append(k.written, movedSize{segment: segment, by: by})
	} else {
		k.counted = append(k.counted, movedSize{segment: segment, by: by})
	}
	return size + by, known
}

// landed remembers what an attempt has left, of which answers has the numbers
// that its commands were answered by.
func (k *knownSizes) landed(dropped []string, answers []int64) {
	if len(k.of)+len(k.counted) > mostSizes {
		k.forget()
		return
	}
	for _, m := range k.written {
		k.of[*m.segment] += m.by
	}
	for _, m := range k.counted {
		k.of[strings.Clone(*m.segment)] = answers[m.at] // what the id is part of need not stay
	}
	for _, segment := range dropped {
		delete(k.of, segment)
	}
	k.begin()
}

// fillSizes brings the sizes to where all changes of the commit leave them.
// t.order has these by segment.
func (t *transaction) fillSizes(ctx context.Context) {
	t.sizes.begin()
	var key any = t.keys.sizes(t.shard)
	t.begin("hset", key)
	for rest := t.order; len(rest) > 0; {
		n := t.ofOneSegment(rest)
		segment, by := &t.commit.Changes[rest[0]].Segment, t.growth(rest[:n])
		rest = rest[n:]
		if by == 0 {
			continue
		}
		if size, known := t.sizes.move(segment, by); known {
			t.add(segment, t.int(size))
		}
	}
	t.endUnless(ctx, 2)
	for i := range t.sizes.counted {
		m := &t.sizes.counted[i]
		t.begin("hincrby", key, m.segment, &m.by)
		t.end(ctx)
		m.at = len(t.commands) - 1
	}
}

// ofOneSegment returns how many changes at the front are of one segment.
func (t *transaction) ofOneSegment(order []int) int {
	changes, n := t.commit.Changes, 1
	for n < len(order) && changes[order[n]].Segment == changes[order[0]].Segment {
		n++
	}
	return n
}

// growth returns by how many members changes make their segment larger.
func (t *transaction) growth(moves []int) int64 {
	grown := int64(0)
	for _, i := range moves {
		if t.commit.Changes[i].Entered {
			grown++
		} else {
			grown--
		}
	}
	return grown
}
