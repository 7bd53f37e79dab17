package lookup

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"

	"muster/pipeline"
	"muster/sink"
)

const (
	// heldIDs bounds the profiles that one question about members holds, besides
	// those of one part of a shard. With more changes since the instant, the
	// member set is read several times, for some parts of the shard each.
	heldIDs = 200_000
	// membersAtOnce is how many such questions are answered at a time; the next
	// waits.
	membersAtOnce = 4
	// membersPage is how many members one reply brings, roughly.
	membersPage = 1000
)

// placeAt is where telling members as of an instant goes on. A shard is told in
// two steps: those who are in the segment now and were then, for some parts of
// its profiles after the other, and then those who have left since.
type placeAt struct {
	layout, shard int
	first, last   int    // the parts whose members are told; both 0 before it is known how many
	position      uint64 // of Redis' SSCAN, within them
	leavers       int    // 0, or one more than the part whose leavers are told
}

func (p placeAt) text(segment string, at int64) string {
	text := fmt.Sprintf("%d.%d.%d.%d.%d.%d", p.layout, p.shard, p.first, p.last, p.position, p.leavers)
	return fmt.Sprintf("%s.%08x", text, crc32.ChecksumIEEE(fmt.Appendf(nil, "%s %d %s", text, at, segment)))
}

func parsePlaceAt(segment, text string, at int64) (p placeAt, err error) {
	if text == "" {
		return p, nil
	}
	var sum uint32
	_, err = fmt.Sscanf(text, "%d.%d.%d.%d.%d.%d.%x", &p.layout, &p.shard, &p.first, &p.last, &p.position, &p.leavers, &sum)
	sane := p.shard >= 0 && p.first >= 0 && p.last >= 0 && p.first <= sink.ChronicleParts && p.last <= sink.ChronicleParts &&
		p.leavers >= 0 && p.leavers <= sink.ChronicleParts+1
	if err != nil || !sane || p.text(segment, at) != text {
		return p, input("%s is no cursor for the members of %s at %s; take it from the answer before, or begin without one", Shown(text), segment, Instant(at))
	}
	return p, nil
}

// MembersAt calls fn with the profiles that were in a segment at an instant, in
// ms since 1970 UTC. It is as Members else; while profiles enter and leave, one
// may be told twice.
func (r *Reader) MembersAt(ctx context.Context, segment, cursor string, at int64, limit int, fn func(profile string) error) (next string, err error) {
	place, err := parsePlaceAt(segment, cursor, at)
	if err != nil {
		return "", err
	}
	if place == (placeAt{}) {
		place.layout = r.layout
	}
	if place.layout != r.layout {
		return "", input("the cursor is from before a reshard; begin without one")
	}
	if err := r.UnknownSegment(ctx, segment); err != nil {
		return "", err
	}
	select {
	case r.asOf <- struct{}{}:
		defer func() { <-r.asOf }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	for shard := place.shard; shard < r.shards; shard++ {
		if _, err := r.kept(ctx, shard, at); err != nil {
			return "", err
		}
	}
	m := &membersAt{reader: r, segment: segment, at: at, limit: limit, fn: fn, placeAt: place}
	for ; m.shard < r.shards; m.placeAt = (placeAt{layout: r.layout, shard: m.shard + 1}) {
		full, err := m.tellShard(ctx)
		if err != nil {
			return "", chronicleError(err)
		}
		if full {
			return m.text(segment, at), nil
		}
	}
	return "", nil
}

// membersAt is one question about members.
type membersAt struct {
	placeAt
	reader  *Reader
	segment string
	at      int64
	limit   int // 0 for none
	told    int
	fn      func(profile string) error

	chronicle sink.Chronicle
	changes   first[string] // of the profiles of the parts
	seen      sink.Entry    // newest entry of the outbox that was looked at
	outbox    int64         // how many entries it ever got by then
}

func (m *membersAt) full() bool { return m.limit > 0 && m.told >= m.limit }

func (m *membersAt) tell(profile string) error {
	m.told++
	return m.fn(profile)
}

// tellShard goes on with a shard, until its end or until enough were told.
func (m *membersAt) tellShard(ctx context.Context) (full bool, err error) {
	if m.chronicle, err = m.reader.kept(ctx, m.shard, m.at); err != nil {
		return false, err
	}
	for m.leavers == 0 {
		if err := m.readParts(ctx); err != nil {
			return false, err
		}
		if full, err := m.tellStayed(ctx); full || err != nil {
			return full, err
		}
		if m.first, m.last, m.position = m.last, 0, 0; m.first == sink.ChronicleParts {
			m.leavers = 1
		}
	}
	if m.full() {
		return true, nil
	}
	return m.tellLeavers(ctx)
}

// errEnough ends the reading of a chronicle.
var errEnough = errors.New("enough was read")

// read calls fn before the changes of each part since the instant, with its
// number, and adds them behind that. fn may return errEnough. A shard that never
// had a change has nothing to read.
func (m *membersAt) read(ctx context.Context, from, to int, fn func(part int) error) error {
	if m.chronicle.Keep == 0 {
		return nil
	}
	current := from - 1
	var own error // of fn, which has nothing to do with the chronicle
	err := m.reader.store.ChronicledParts(ctx, m.shard, from, to, m.at/dayMillis, newest(m.chronicle), func(part int, c *pipeline.Change) error {
		if part != current {
			if own = fn(part); own != nil {
				return own
			}
			current = part
		}
		if c.Segment == m.segment && c.At > m.at {
			m.changes.add(c.Profile, c)
		}
		return nil
	})
	switch {
	case errors.Is(own, errEnough):
		return nil
	case own != nil:
		return own
	}
	return err
}

// readParts reads the changes of the parts that are told, as many as may be
// held where that is not known yet. What comes meanwhile is in the outbox.
func (m *membersAt) readParts(ctx context.Context) error {
	_, newest, err := m.reader.store.OutboxEnds(ctx, m.shard)
	if err != nil {
		return err
	}
	if m.chronicle.Keep == 0 {
		newest = "" // all that the outbox has came since it was seen that there was nothing
	}
	m.seen, m.outbox, m.changes = sink.Entry{ID: newest}, 0, first[string]{}
	last := m.last
	if last == 0 {
		m.last = sink.ChronicleParts
	}
	return m.read(ctx, m.first, m.last, func(part int) error {
		if last == 0 && len(m.changes) >= m.reader.heldIDs {
			m.last = part
			return errEnough
		}
		return nil
	})
}

// tellStayed tells of the parts' profiles who are in the segment now and have
// not changed since the instant.
func (m *membersAt) tellStayed(ctx context.Context) (full bool, err error) {
	for begun := m.position != 0; ; begun = true {
		if m.full() {
			return true, nil
		}
		page, err := m.reader.store.MembersPage(ctx, m.segment, m.shard, m.position, membersPage)
		if err != nil {
			return false, err
		}
		if !begun && page.Next == 0 && len(page.Profiles) == 0 && page.Size > 0 {
			return false, input("segment %s has %d in shard %d, but who they are is not kept (members: false)", m.segment, page.Size, m.shard)
		}
		if err := m.follow(ctx, page.Outbox); err != nil {
			return false, err
		}
		for _, profile := range page.Profiles {
			if _, changed := m.changes[profile]; changed || !m.has(profile) {
				continue
			}
			if err := m.tell(profile); err != nil {
				return false, err
			}
		}
		if m.position = page.Next; m.position == 0 {
			return false, nil
		}
	}
}

// has reports whether a profile is of the parts that are told.
func (m *membersAt) has(profile string) bool {
	if m.first == 0 && m.last == sink.ChronicleParts {
		return true
	}
	part := sink.ChroniclePart(profile)
	return part >= m.first && part < m.last
}

// follow adds the changes that came since the chronicle was read, so that who
// has entered meanwhile is not told. Where the outbox has dropped some already,
// it can't be told.
func (m *membersAt) follow(ctx context.Context, outbox int64) error {
	if outbox == m.outbox {
		return nil
	}
	for {
		page, err := m.reader.store.Outbox(ctx, m.shard, m.seen.ID, pollEntries)
		if err != nil {
			return err
		}
		if err := m.unbroken(ctx, page); err != nil {
			return err
		}
		for i := range page {
			if c := &page[i].Change; c.Segment == m.segment && c.At > m.at && m.has(c.Profile) {
				m.changes.add(c.Profile, c)
			}
			m.seen = page[i]
		}
		if len(page) < pollEntries {
			m.outbox = outbox
			return nil
		}
	}
}

// unbroken refuses a page of the outbox that may not go on where the one before
// has ended. What a cleaned profile has left open is no matter.
func (m *membersAt) unbroken(ctx context.Context, page []sink.Entry) error {
	if m.seen.ID == "" || len(page) == 0 || page[0].Number() == m.seen.Number()+1 {
		return nil
	}
	oldest, _, err := m.reader.store.OutboxEnds(ctx, m.shard)
	if err == nil && (sink.Entry{ID: oldest}).Number() > m.seen.Number()+1 {
		err = fmt.Errorf("the outbox of shard %d has dropped changes while members were told: ask again, or raise redis.outbox_max", m.shard)
	}
	return err
}

// tellLeavers tells who was in the segment and has left since, part by part
// until enough were told.
func (m *membersAt) tellLeavers(ctx context.Context) (full bool, err error) {
	m.changes = first[string]{}
	err = m.read(ctx, m.leavers-1, sink.ChronicleParts, func(part int) error {
		err := m.tellLeft()
		if m.leavers = part + 1; err == nil && m.full() {
			full, err = true, errEnough
		}
		return err
	})
	if full || err != nil {
		return full, err
	}
	m.leavers = sink.ChronicleParts + 1
	return false, m.tellLeft()
}

// tellLeft tells those of a part who were in the segment and have left since.
func (m *membersAt) tellLeft() error {
	for profile, one := range m.changes {
		if one.entered {
			continue
		}
		if err := m.tell(profile); err != nil {
			return err
		}
	}
	clear(m.changes)
	return nil
}
