package sink

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

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
// exited), at (ms since 1970 UTC), version, cause (event, time, rules or backfill) and offset, and of the
// cause backfill the run.
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
	return s.entries(ctx, shard, func(ctx context.Context, key string) ([]redis.XMessage, error) {
		return s.client.XRangeN(ctx, key, start, "+", count).Result()
	})
}

// entries reads some of a shard's outbox.
func (s *Store) entries(ctx context.Context, shard int, read func(ctx context.Context, key string) ([]redis.XMessage, error)) ([]Entry, error) {
	key := s.keys.outbox(shard)
	var messages []redis.XMessage
	err := s.retry(ctx, "reading outbox", func(ctx context.Context) (err error) {
		messages, err = read(ctx, key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	entries := make([]Entry, len(messages))
	for i, message := range messages {
		if entries[i], err = parseEntry(key, message); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func parseEntry(key string, message redis.XMessage) (Entry, error) {
	text := func(field string) string {
		value, _ := message.Values[field].(string)
		return value
	}
	var version int64
	e := Entry{ID: message.ID, Change: pipeline.Change{
		Segment: text("segment"), Profile: text("profile"), Entered: text("kind") == kindEntered,
		Cause: pipeline.Cause(text("cause")), Run: text("run"),
	}}
	for field, number := range map[string]*int64{"at": &e.Change.At, "version": &version, "offset": &e.Offset} {
		if err := parse(key, field, text(field), number); err != nil {
			return Entry{}, err
		}
	}
	e.Change.Version = uint64(version)
	return e, nil
}
