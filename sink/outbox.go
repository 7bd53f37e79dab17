package sink

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// Entry is one entry of a shard's outbox stream. Its id is
// <offset>-<sequence>: the offset after the batch that caused the change, and
// the number of the entry since the shard began, from 1. Ids therefore only
// grow, also over commits that apply no record, and a replayed batch gives
// its changes the ids they had.
//
// In Redis an entry has the fields segment, profile, kind (entered or
// exited), at (ms since 1970 UTC), version, cause (event or time) and offset.
type Entry struct {
	ID     string
	Offset int64
	Change pipeline.Change
}

const (
	kindEntered = "entered"
	kindExited  = "exited"
)

// fillOutbox trims once a commit: trimming with every entry costs as much as
// adding it.
func (s *Store) fillOutbox(ctx context.Context, pipe redis.Pipeliner, shard int, c *pipeline.Commit) {
	if len(c.Changes) == 0 {
		return
	}
	key, offset := s.keys.outbox(shard), strconv.FormatInt(c.Next, 10)
	for i, change := range c.Changes {
		kind := kindExited
		if change.Entered {
			kind = kindEntered
		}
		pipe.XAdd(ctx, &redis.XAddArgs{
			Stream: key,
			ID:     offset + "-" + strconv.FormatInt(c.Outbox+int64(i)+1, 10),
			Values: []any{
				"segment", change.Segment, "profile", change.Profile, "kind", kind, "at", change.At,
				"version", change.Version, "cause", string(change.Cause), "offset", offset,
			},
		})
	}
	pipe.XTrimMaxLenApprox(ctx, key, s.cfg.OutboxMax, 0)
}

// Outbox returns up to count entries of a shard after the entry with the id
// given, or from the oldest one kept if it is "".
func (s *Store) Outbox(ctx context.Context, shard int, after string, count int64) ([]Entry, error) {
	start := "-"
	if after != "" {
		start = "(" + after
	}
	key := s.keys.outbox(shard)
	var messages []redis.XMessage
	err := s.retry(ctx, "reading outbox", func(ctx context.Context) (err error) {
		messages, err = s.client.XRangeN(ctx, key, start, "+", count).Result()
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
		Cause: pipeline.Cause(text("cause")),
	}}
	for field, number := range map[string]*int64{"at": &e.Change.At, "version": &version, "offset": &e.Offset} {
		if err := parse(key, field, text(field), number); err != nil {
			return Entry{}, err
		}
	}
	e.Change.Version = uint64(version)
	return e, nil
}
