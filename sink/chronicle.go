package sink

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"muster/pipeline"
)

// The chronicle keeps every change of a shard for a time, so that who was in a
// segment at an instant can be told. It is not the outbox, which is bounded by
// a number of entries and read in the order of commits: the chronicle is
// bounded by time, and read for one profile, or for all since an instant.
//
//	m:{s12}:chron:<day>:<part>   list   the changes of that UTC day, see
//	                                    chronicle_entry.go
//
// The part is of the profile's id, so the changes of one profile are in one
// list a day. It is taken from the digest that erasures are known by: whoever
// erases a profile knows only that, and still has one list a day to look at.
// Whole lists expire. Entries are only ever appended, by the commit that
// brings the changes, or overwritten by an empty text, when a profile is
// erased. So the index of an entry never changes, and a list is read in pages
// while it grows. A change may stand twice, which a repeated reshard can lead
// to: a profile's version tells.
//
// The field chronicle of the shard's meta hash says from when on it is whole,
// see chronicleMark.
const chronicleParts = 128

const (
	dayMillis = 86_400_000
	// chronicleMargin is how much longer than promised a list stays, for clocks
	// that differ and for who reads it just then.
	chronicleMargin = time.Hour
)

// chronicler writes the chronicle of one shard. It is used by the owner's
// commits only, one after the other.
type chronicler struct {
	mark chronicleMark
	// told is the newest day whose list was told to expire, plus one, by part. One
	// that may have expired is told so again: it would come back without.
	told [chronicleParts]int64
	due  []chronicleList // that the attempt under way tells
}

// chronicleList is one list of the chronicle.
type chronicleList struct {
	day  int64 // since 1970 UTC
	part int
}

// beginChronicle has the commits of a shard that was opened write the
// chronicle, if it is to be kept.
func (s *Store) beginChronicle(shard int, m *meta) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.ChronicleKeep == 0 {
		delete(s.chroniclers, shard)
		return
	}
	s.chroniclers[shard] = &chronicler{mark: m.chronicle.next(m, s.cfg.ChronicleKeep.Milliseconds(), time.Now().UnixMilli())}
}

func (s *Store) chronicler(shard int) *chronicler {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chroniclers[shard]
}

// fillChronicle appends the changes, those of one list by one command.
func (t *transaction) fillChronicle(ctx context.Context) {
	c := t.chronicle
	if c == nil || len(t.commit.Changes) == 0 {
		return
	}
	changes := t.commit.Changes
	c.due, t.buckets = c.due[:0], t.buckets[:0]
	for i := range changes {
		list := dayOf(changes[i].At)*chronicleParts + int64(chroniclePart(changes[i].Profile))
		t.buckets = append(t.buckets, inBucket{int(list), i})
	}
	slices.SortFunc(t.buckets, func(a, b inBucket) int { return cmp.Or(a.bucket-b.bucket, a.at-b.at) })
	for rest := t.buckets; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].bucket == rest[0].bucket {
			n++
		}
		list := chronicleList{int64(rest[0].bucket / chronicleParts), rest[0].bucket % chronicleParts}
		key := t.piece(t.keys.appendChronicle(t.letters, t.shard, list))
		t.begin("rpush", key)
		for _, place := range rest[:n] {
			t.add(t.piece(appendChronicled(t.letters, &changes[place.at])))
		}
		t.end(ctx)
		if expiry := c.mark.expiry(list.day); c.told[list.part] != list.day+1 || time.Until(expiry) < chronicleMargin {
			c.due = append(c.due, list)
			t.begin("expireat", key, t.int(expiry.Unix()))
			t.end(ctx)
		}
		rest = rest[n:]
	}
}

// addChronicleMark adds to the command that writes the meta hash.
func (t *transaction) addChronicleMark() {
	if t.chronicle == nil {
		return
	}
	mark := t.chronicle.mark
	mark.outbox = t.commit.Outbox + int64(len(t.commit.Changes))
	t.add("chronicle", t.piece(mark.append(t.letters)))
}

// landed remembers which lists have been told to expire. Redis may lose that,
// which has the shard opened again, and that begins with a new chronicler.
func (c *chronicler) landed() {
	if c == nil {
		return
	}
	for _, list := range c.due {
		c.told[list.part] = max(c.told[list.part], list.day+1)
	}
	c.due = c.due[:0]
}

func dayOf(at int64) int64 { return max(0, at) / dayMillis }

// chroniclePart is the part of a profile.
func chroniclePart(profile string) int { return int(pipeline.ErasedPart(profile)) % chronicleParts }

func (k keys) chronicle(shard int, list chronicleList) string {
	return string(k.appendChronicle(nil, shard, list))
}

func (k keys) appendChronicle(b []byte, shard int, list chronicleList) []byte {
	b = append(k.appendShard(b, shard), "chron:"...)
	b = append(time.Unix(list.day*86400, 0).UTC().AppendFormat(b, "20060102"), ':')
	return strconv.AppendInt(b, int64(list.part), 10)
}

// chronicleMark says what is in a shard's chronicle. It is stored as numbers
// with spaces between. Times are in ms since 1970 UTC, durations in ms.
type chronicleMark struct {
	// outbox is how many changes the shard had when the chronicle got its last
	// one. Where the shard has had more since, the chronicle was off or an older
	// version at work: it is not whole.
	outbox int64
	since  int64 // changes later than that are in it, as long as they are kept
	keep   int64 // how long a list stays after its day
	most   int64 // the longest keep that there ever was
}

// next is the mark of an owner who opens a shard at an instant.
func (m chronicleMark) next(stored *meta, keep, now int64) chronicleMark {
	n := chronicleMark{outbox: stored.outbox, since: m.since, keep: keep, most: max(m.most, keep)}
	switch {
	case m.keep == 0 && stored.outbox > 0 || m.keep != 0 && m.outbox != stored.outbox:
		n.since = stored.clock
	case m.keep != 0 && keep > m.keep: // what has expired does not come back
		n.since = max(m.since, now-m.keep)
	}
	return n
}

// whole reports whether the chronicle of a shard has all changes since the
// mark's instant. That of a shard without a change has them.
func (m *meta) wholeChronicle() bool {
	return m.outbox == 0 || m.chronicle.keep != 0 && m.chronicle.outbox == m.outbox
}

func (m *chronicleMark) expiry(day int64) time.Time {
	return endOf(day).Add(time.Duration(m.keep)*time.Millisecond + chronicleMargin)
}

func (m *chronicleMark) append(b []byte) []byte {
	for i, number := range []int64{m.outbox, m.since, m.keep, m.most} {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, number, 10)
	}
	return b
}

func chronicleMarkOf(key, text string) (m chronicleMark, err error) {
	if text == "" {
		return m, nil
	}
	if _, err := fmt.Sscanf(text, "%d %d %d %d", &m.outbox, &m.since, &m.keep, &m.most); err != nil {
		return m, final("%s holds %q in field chronicle, which is not four numbers", key, text)
	}
	return m, nil
}
