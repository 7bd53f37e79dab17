package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"muster/pipeline"
)

// Redis can remove an entry of a stream but not change one, nor add one before
// others. So where an entry has changes that are gone and others that stay, the
// outbox is copied without the former, and the copy takes its place. It has the
// same ids, so readers see nothing of it but holes in the numbers of changes.
// Consumer groups that somebody has made at the stream are gone then.

// cleanPage is how many entries of an outbox are looked at together, 4 MB of
// packed ones.
const cleanPage = 128

// CleanOutbox removes the changes of a shard's outbox that are gone, and returns
// how many.
func (s *Store) CleanOutbox(ctx context.Context, shard int, gone func(profile string, version uint64) bool) (removed int, err error) {
	key, mixed := s.keys.outbox(shard), false
	// A process that was killed may have left a copy, with whoever is gone by now.
	err = s.retry(ctx, "cleaning the outbox", func(ctx context.Context) error { return s.client.Unlink(ctx, s.keys.cleaned(shard)).Err() })
	if err == nil {
		removed, mixed, err = s.cleanWhole(ctx, key, gone)
	}
	if err == nil && mixed {
		var more int
		more, err = s.rewriteOutbox(ctx, shard, gone)
		removed += more
	}
	if err != nil {
		return removed, fmt.Errorf("cleaning %s: %w", key, err)
	}
	return removed, nil
}

// cleanWhole removes the entries all of whose changes are gone, and reports
// whether there are others with some.
func (s *Store) cleanWhole(ctx context.Context, key string, gone func(string, uint64) bool) (removed int, mixed bool, err error) {
	for from := "-"; ; {
		var page []storedEntry
		err := s.retry(ctx, "reading outbox", func(ctx context.Context) (err error) {
			page, err = storedEntries(ctx, s.client, key, from)
			return err
		})
		if err != nil {
			return removed, mixed, err
		}
		var ids []string
		count := 0
		for i := range page {
			some, left, err := page[i].clean(gone)
			if err != nil {
				return removed, mixed, err
			}
			if some > 0 && left == 0 {
				ids, count = append(ids, page[i].id), count+some
			}
			mixed = mixed || some > 0 && left > 0
			from = "(" + page[i].id
		}
		if len(ids) > 0 {
			err := s.retry(ctx, "cleaning the outbox", func(ctx context.Context) error { return s.client.XDel(ctx, key, ids...).Err() })
			if err != nil {
				return removed, mixed, err
			}
			removed += count
		}
		if len(page) < cleanPage {
			return removed, mixed, nil
		}
	}
}

// storedEntry is an entry of the stream as Redis has it.
type storedEntry struct {
	id     string
	fields []any // and values
}

// processor is a client, or a connection of a transaction.
type processor interface {
	Process(ctx context.Context, command redis.Cmder) error
}

// storedEntries reads a page of an outbox.
func storedEntries(ctx context.Context, c processor, key, from string) ([]storedEntry, error) {
	answer := redis.NewSliceCmd(ctx, "xrange", key, from, "+", "count", cleanPage)
	if err := c.Process(ctx, answer); err != nil {
		return nil, err
	}
	page := make([]storedEntry, 0, len(answer.Val()))
	for _, one := range answer.Val() {
		parts, _ := one.([]any)
		if len(parts) != 2 {
			return nil, final("%w", errAnswer)
		}
		id, _ := parts[0].(string)
		fields, _ := parts[1].([]any)
		if id == "" || len(fields)%2 != 0 {
			return nil, final("%w", errAnswer)
		}
		page = append(page, storedEntry{id, fields})
	}
	return page, nil
}

// clean takes the changes that are gone out of the entry. It returns how many
// these were and how many are left. Where none is left it leaves the entry as it
// is.
func (e *storedEntry) clean(gone func(string, uint64) bool) (removed, left int, err error) {
	var profile string
	var version uint64
	for i := 0; i < len(e.fields); i += 2 {
		value, _ := e.fields[i+1].(string)
		switch e.fields[i] {
		case packedField:
			return e.cleanPacked(i+1, value, gone)
		case "profile":
			profile = value
		case "version":
			if version, err = strconv.ParseUint(value, 10, 64); err != nil {
				return 0, 0, final("entry %s: %q in field version is no number", e.id, value)
			}
		}
	}
	if gone(profile, version) {
		return 1, 0, nil
	}
	return 0, 1, nil
}

func (e *storedEntry) cleanPacked(place int, value string, gone func(string, uint64) bool) (removed, left int, err error) {
	id, err := changeIDOf(e.id)
	if err != nil {
		return 0, 0, finalError{err}
	}
	rest, removed, left, err := repack([]byte(value), id.number, gone)
	if err != nil {
		return 0, 0, final("entry %s: %w", e.id, err)
	}
	if removed > 0 && left > 0 {
		e.fields[place] = rest
	}
	return removed, left, nil
}

// outboxCopy is an outbox that is copied without the changes that are gone.
type outboxCopy struct {
	store   *Store
	key, to string
	meta    string
	epoch   int64 // of the owner that cleans; 0 where the store has not opened the shard
	gone    func(string, uint64) bool
	from    string // where copying goes on
	written int64  // entries of the copy
	removed int    // changes
}

// rewriteOutbox copies an outbox without the changes that are gone, and returns
// how many these were.
func (s *Store) rewriteOutbox(ctx context.Context, shard int, gone func(string, uint64) bool) (removed int, err error) {
	epoch, _ := s.own(shard)
	err = s.retry(ctx, "rewriting the outbox", func(ctx context.Context) error {
		c := &outboxCopy{
			store: s, key: s.keys.outbox(shard), to: s.keys.cleaned(shard), meta: s.keys.meta(shard), epoch: epoch, gone: gone, from: "-",
		}
		if err := s.client.Unlink(ctx, c.to).Err(); err != nil {
			return err
		}
		for done := false; !done; {
			page, err := storedEntries(ctx, s.client, c.key, c.from)
			if err != nil {
				return err
			}
			if len(page) == cleanPage {
				err = c.add(ctx, page)
			} else {
				done, err = c.finish(ctx)
			}
			if err != nil {
				return err
			}
		}
		removed = c.removed
		return nil
	})
	return removed, err
}

// add copies a page.
func (c *outboxCopy) add(ctx context.Context, page []storedEntry) error {
	pipe := c.store.client.Pipeline()
	written, removed, err := c.copy(ctx, pipe, page)
	if err == nil && written > 0 {
		_, err = pipe.Exec(ctx)
	}
	if err != nil {
		return err
	}
	c.passed(page, written, removed)
	return nil
}

// copy queues what is left of a page.
func (c *outboxCopy) copy(ctx context.Context, pipe redis.Pipeliner, page []storedEntry) (written int64, removed int, err error) {
	for i := range page {
		some, left, err := page[i].clean(c.gone)
		if err != nil {
			return 0, 0, err
		}
		removed += some
		if left > 0 {
			pipe.Do(ctx, append([]any{"xadd", c.to, page[i].id}, page[i].fields...)...)
			written++
		}
	}
	return written, removed, nil
}

func (c *outboxCopy) passed(page []storedEntry, written int64, removed int) {
	if len(page) > 0 {
		c.from = "(" + page[len(page)-1].id
	}
	c.written, c.removed = c.written+written, c.removed+removed
}

// errOtherCopy is returned where two processes have cleaned the same outbox.
var errOtherCopy = errors.New("another process cleans it too")

// finish copies the last page, and has the copy take the outbox's place, in one
// transaction that no commit comes in between. It returns false when one has.
func (c *outboxCopy) finish(ctx context.Context) (done bool, err error) {
	err = c.store.client.Watch(ctx, func(tx *redis.Tx) error {
		if err := c.own(ctx, tx); err != nil {
			return err
		}
		page, err := storedEntries(ctx, tx, c.key, c.from)
		if err != nil || len(page) == cleanPage {
			return err
		}
		pipe := tx.TxPipeline()
		written, removed, err := c.copy(ctx, pipe, page)
		if err != nil {
			return err
		}
		if done = true; c.written+written == 0 {
			return nil // it is all gone meanwhile
		}
		pipe.Rename(ctx, c.to, c.key)
		if _, err := pipe.Exec(ctx); err != nil {
			done = false
			return err
		}
		c.passed(page, written, removed)
		return nil
	}, c.key, c.to, c.meta)
	if errors.Is(err, redis.TxFailedErr) && ctx.Err() == nil {
		return false, nil
	}
	return done, err
}

// own refuses to go on where somebody else has opened the shard, and may have
// removed since what is in the copy, or writes the same copy.
func (c *outboxCopy) own(ctx context.Context, tx *redis.Tx) error {
	m, err := readMeta(ctx, tx, c.meta)
	if err != nil {
		return err
	}
	if c.epoch != 0 && m.epoch != c.epoch {
		return final("stored epoch %d, expected %d: %w", m.epoch, c.epoch, pipeline.ErrFenced)
	}
	n, err := tx.XLen(ctx, c.to).Result()
	if err == nil && n != c.written {
		err = errOtherCopy
	}
	return err
}
