package sink

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"muster/pipeline"
)

// Entry is one change in a shard's outbox stream. Its id is
// <offset>-<sequence>: the offset after the batch that caused the change, and
// the number of the change since the shard began, from 1. Ids therefore only
// grow, also over commits that apply no record, and a replayed batch gives
// its changes the ids they had.
//
// A change that a reshard has moved has an id of 0-<sequence> and the offset
// it had on the topic before.
//
// In Redis the changes of a commit stand together, up to a thousand in an entry
// of the stream, which has the id of the last of them and one field, see
// packed.go. So whoever has read up to any change goes on behind its id, and
// passes over what the first entry then repeats.
//
// Those that a reshard has moved, and those of versions before 0.2.0, have an
// entry each, with the fields segment, profile, kind (entered or exited), at (ms
// since 1970 UTC), version, cause (event, time, rules, backfill or erased) and
// offset, and of the cause backfill the run.
type Entry struct {
	ID     string
	Offset int64
	Change pipeline.Change
}

// Number returns the number of the entry since the shard began, 0 for an id
// of another form.
func (e Entry) Number() int64 {
	_, number, _ := strings.Cut(e.ID, "-")
	n, _ := strconv.ParseInt(number, 10, 64)
	return n
}

const (
	kindEntered = "entered"
	kindExited  = "exited"
)

// fillOutbox adds the changes, and trims once a commit: trimming with every
// entry costs as much as adding it.
func (t *transaction) fillOutbox(ctx context.Context, most int64) {
	t.milestones.begin()
	c := t.commit
	if len(c.Changes) == 0 {
		return
	}
	var key any = t.keys.outbox(t.shard)
	newest := c.Outbox + int64(len(c.Changes))
	for rest := c.Changes; len(rest) > 0; {
		some := rest[:packable(rest)]
		rest = rest[len(some):]
		last := changeID{c.Next, newest - int64(len(rest))}
		id := t.piece(last.append(t.letters))
		t.begin("xadd", key, id, packedField, t.piece(t.pack(t.letters, some)))
		t.endText(ctx)
		t.milestones.reach(last, most)
	}
	t.fillMilestones(ctx, key, newest-most)
}

// pack writes some changes.
func (t *transaction) pack(b []byte, changes []pipeline.Change) []byte {
	b = t.packer.begin(b, len(changes))
	for i := range changes {
		b = t.packer.add(b, &changes[i])
	}
	t.packer.end()
	return b
}

// addEntry adds the fields of an entry with one change.
func (d *draft) addEntry(c *pipeline.Change, offset *int64) {
	var kind any = kindExited
	if c.Entered {
		kind = kindEntered
	}
	d.add("segment", &c.Segment, "profile", &c.Profile, "kind", kind, "at", &c.At,
		"version", &c.Version, "cause", (*string)(&c.Cause), "offset", offset)
	if c.Run != "" {
		d.add("run", &c.Run)
	}
}

const (
	// outboxFirst is how many entries of a stream are asked for at first, and
	// outboxTrip how many at most in one reply, which is then 4 MB of packed ones.
	outboxFirst = 4
	outboxTrip  = 128
)

// Outbox returns the next changes of a shard after the one with the id given, or
// from the oldest one kept if it is "": as many as count, or all that there are.
func (s *Store) Outbox(ctx context.Context, shard int, after string, count int64) ([]Entry, error) {
	return s.changes(ctx, s.keys.outbox(shard), after, int(count))
}

// changes reads an outbox in as many trips as it takes.
func (s *Store) changes(ctx context.Context, key, after string, count int) ([]Entry, error) {
	r, err := newReading(after, count)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	for trip := min(outboxFirst, count); trip > 0; trip = r.trip(trip) {
		entries, err := s.read(ctx, r, key, "xrange", r.from(), "+", "count", trip)
		if err != nil {
			return nil, err
		}
		if entries < trip {
			break
		}
	}
	return r.found, nil
}

// outboxBack returns changes of a shard, the newest first, from the newest one
// on, or from where it has said before that it goes on: whole entries of the
// stream, until they have count changes. before is "" at the end.
func (s *Store) outboxBack(ctx context.Context, shard int, before string, count int) (found []Entry, rest string, err error) {
	r := &reading{texts: map[string]string{}, backwards: true, last: before}
	for trip := min(outboxFirst, count); len(r.found) < count; trip = min(trip*8, outboxTrip) {
		from := "+"
		if r.last != "" {
			from = "(" + r.last
		}
		entries, err := s.read(ctx, r, s.keys.outbox(shard), "xrevrange", from, "-", "count", trip)
		if err != nil {
			return nil, "", err
		}
		if entries < trip {
			return r.found, "", nil
		}
	}
	return r.found, r.last, nil
}
