package sink

import (
	"context"
	"strconv"
	"strings"

	"muster/pipeline"
)

// Entry is one entry of a shard's outbox stream. Its id is
// <offset>-<sequence>: the offset after the batch that caused the change, and
// the number of the entry since the shard began, from 1. Ids therefore only
// grow, also over commits that apply no record, and a replayed batch gives
// its changes the ids they had.
//
// An entry that a reshard has moved has an id of 0-<sequence> and the offset
// it had on the topic before.
//
// In Redis an entry has the fields segment, profile, kind (entered or
// exited), at (ms since 1970 UTC), version, cause (event, time, rules,
// backfill or erased) and offset, and of the cause backfill the run.
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

// fillOutbox trims once a commit: trimming with every entry costs as much as
// adding it.
func (t *transaction) fillOutbox(ctx context.Context, most int64) {
	c := t.commit
	if len(c.Changes) == 0 {
		return
	}
	var key any = t.keys.outbox(t.shard)
	for i := range c.Changes {
		t.begin("xadd", key, t.piece(appendID(t.letters, c.Next, c.Outbox+int64(i)+1)))
		t.addEntry(&c.Changes[i], &c.Next)
		t.endText(ctx)
	}
	t.begin("xtrim", key, "maxlen", "~", t.int(most))
	t.end(ctx)
}

// appendID writes the id of an entry.
func appendID(b []byte, offset, number int64) []byte {
	b = append(strconv.AppendInt(b, offset, 10), '-')
	return strconv.AppendInt(b, number, 10)
}

// addEntry adds the fields of an entry.
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

// Outbox returns up to count entries of a shard after the entry with the id
// given, or from the oldest one kept if it is "".
func (s *Store) Outbox(ctx context.Context, shard int, after string, count int64) ([]Entry, error) {
	start := "-"
	if after != "" {
		start = "(" + after
	}
	return s.entries(ctx, shard, "xrange", start, "+", "count", count)
}

// outboxBack returns up to count entries of a shard, the newest first, from
// one on or, with "(" before it, behind it.
func (s *Store) outboxBack(ctx context.Context, shard int, from string, count int) ([]Entry, error) {
	return s.entries(ctx, shard, "xrevrange", from, "-", "count", count)
}
