package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// The outbox keeps the newest changes, and as many as it is told to. Redis drops
// entries of a stream beyond a number of them, or before an id; it knows neither
// how many changes an entry has, nor where the one with some number is. So the
// owner of a shard remembers where it was at some numbers: milestones are ids of
// entries, which are those of their last changes. All up to a milestone is
// dropped once there are enough changes behind it.
//
// They stand in the shard's meta hash, oldest first and with spaces between, so
// that a new owner goes on with them. An outbox of a version that knows none has
// none: it is not trimmed until there are enough changes behind the first.

// milestonesField is their field of the meta hash.
const milestonesField = "milestones"

// milestonesEach is into how many steps they divide the changes that are kept:
// there are that many milestones and two, and so much more than that is kept.
const milestonesEach = 64

// milestones are those of one shard. They are used by the owner's commits only,
// one after the other.
type milestones struct {
	stored []changeID
	next   []changeID // what the attempt under way leaves
	moved  bool       // whether that is something else
}

func (s *Store) milestonesOf(shard int) *milestones {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.milestones[shard]
	if m == nil {
		m = &milestones{}
		s.milestones[shard] = m
	}
	return m
}

// beginMilestones reads those of a shard that was opened.
func (s *Store) beginMilestones(ctx context.Context, shard int) error {
	key := s.keys.meta(shard)
	text, err := s.client.HGet(ctx, key, milestonesField).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	m := s.milestonesOf(shard)
	*m = milestones{}
	for _, word := range strings.Fields(text) {
		id, err := changeIDOf(word)
		if err != nil {
			return final("%s holds %.100q in field %s: %w", key, text, milestonesField, err)
		}
		m.stored = append(m.stored, id)
	}
	return nil
}

// begin begins an attempt.
func (m *milestones) begin() { m.next, m.moved = append(m.next[:0], m.stored...), false }

// reach notes an entry that an attempt adds, if it is far enough from the last
// milestone.
func (m *milestones) reach(id changeID, most int64) {
	last := int64(0)
	if len(m.next) > 0 {
		last = m.next[len(m.next)-1].number
	}
	if id.number-last >= max(1, most/milestonesEach) {
		m.next, m.moved = append(m.next, id), true
	}
}

// pass returns the last milestone that does not come after the change with a
// number, and forgets those before it.
func (m *milestones) pass(number int64) (passed changeID, is bool) {
	for len(m.next) > 1 && m.next[1].number <= number {
		m.next, m.moved = append(m.next[:0], m.next[1:]...), true
	}
	if len(m.next) == 0 || m.next[0].number > number {
		return changeID{}, false
	}
	return m.next[0], true
}

// landed remembers what an attempt has left.
func (m *milestones) landed() { m.stored, m.next = m.next, m.stored }

// fillMilestones writes them if they have moved, and drops the entries up to the
// last one that does not come after a change.
func (t *transaction) fillMilestones(ctx context.Context, outbox any, number int64) {
	passed, is := t.milestones.pass(number)
	if t.milestones.moved {
		t.begin("hset", t.keys.meta(t.shard), milestonesField, t.piece(t.milestones.append(t.letters)))
		t.end(ctx)
	}
	if is {
		passed.number++
		t.begin("xtrim", outbox, "minid", "~", t.piece(passed.append(t.letters)))
		t.end(ctx)
	}
}

func (m *milestones) append(b []byte) []byte {
	for i, id := range m.next {
		if i > 0 {
			b = append(b, ' ')
		}
		b = id.append(b)
	}
	return b
}

// movedMilestones are those of a new shard whose outbox got so many changes by a
// reshard, with the ids 0-1, 0-2 and so on.
func movedMilestones(changes int64) string {
	var words []string
	for i := range int64(milestonesEach) {
		if number := changes * (i + 1) / milestonesEach; number > changes*i/milestonesEach {
			words = append(words, fmt.Sprint(changeID{0, number}))
		}
	}
	return strings.Join(words, " ")
}
