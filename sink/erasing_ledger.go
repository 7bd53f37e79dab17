package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Forgetting says what names profiles that were erased.
type Forgetting struct {
	// Gone reports whether a profile was.
	Gone func(profile string) bool
	// Rest returns what is left of a message that waits or was given up.
	Rest func(text []byte) (Remainder, error)
	// Logged returns which message an entry of a log is about, and whether the
	// entry names such a profile.
	Logged func(text []byte) (message string, named bool, err error)
}

// Remainder is what is left of a message.
type Remainder struct {
	Named bool
	Text  []byte // nil for nothing
	Taken int64  // changes that were taken out
	Run   string // snapshot run that waits for the message, of which nothing is left; "" for none
}

// HeldBack reports whether messages of a ledger wait that hold back one of
// some profiles.
func (l *Ledger) HeldBack(ctx context.Context, gone func(profile string) bool) (bool, error) {
	found := false
	err := l.store.retry(ctx, "reading deliveries", func(ctx context.Context) error {
		return eachField(ctx, l.store.client, l.key+":held", func(profile, _ string) error {
			found = found || gone(profile)
			return nil
		})
	})
	if err != nil {
		return false, fmt.Errorf("reading %s:held: %w", l.key, err)
	}
	return found, nil
}

// Forget takes profiles out of all that a ledger keeps, and returns in how many
// places they were. Whoever delivers now is fenced off and begins anew, so that
// nothing which it has read before comes back.
func (l *Ledger) Forget(ctx context.Context, f Forgetting) (found int, err error) {
	for _, step := range []func(context.Context, Forgetting) (int, error){l.forgetWaiting, l.forgetDead, l.forgetLog} {
		n, err := step(ctx, f)
		found += n
		if err != nil {
			return found, fmt.Errorf("removing profiles from %s: %w", l.key, err)
		}
	}
	return found, nil
}

// forgetWaiting is one transaction, beside whoever delivers.
func (l *Ledger) forgetWaiting(ctx context.Context, f Forgetting) (found int, err error) {
	attempt := func(tx *redis.Tx) error {
		if err := tx.HGet(ctx, l.key, "number").Err(); errors.Is(err, redis.Nil) {
			return nil // it has not begun in this shard
		} else if err != nil {
			return err
		}
		w, err := l.named(ctx, tx, f)
		if err != nil {
			return err
		}
		found = len(w.numbers) + len(w.rests) + w.freed
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.HIncrBy(ctx, l.key, "token", 1)
			w.write(ctx, pipe, l.key)
			return nil
		})
		return err
	}
	err = l.store.retry(ctx, "removing profiles from deliveries", func(ctx context.Context) error {
		for {
			err := l.store.client.Watch(ctx, attempt, ledgerKeys(l.key)...)
			if !errors.Is(err, redis.TxFailedErr) || ctx.Err() != nil {
				return err
			}
			// Whoever delivers has come a step further, which the next look sees.
		}
	})
	return found, err
}

// namedWaiting is what becomes of messages that wait.
type namedWaiting struct {
	takenBack
	rests map[string]string // by number of the message
	freed int               // erased profiles that are held back by less
	owed  int64             // messages that the snapshot run at hand does not wait for any more
	lost  int64             // memberships that were to be named by them
}

// named finds the messages that name profiles.
func (l *Ledger) named(ctx context.Context, tx *redis.Tx, f Forgetting) (namedWaiting, error) {
	w := namedWaiting{takenBack: takenBack{held: map[string][]string{}}, rests: map[string]string{}}
	run, err := tx.HGet(ctx, l.key, "run").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return w, err
	}
	gone := map[string]bool{}
	err = eachField(ctx, tx, l.key+":wait", func(number, text string) error {
		rest, err := f.Rest([]byte(text))
		switch {
		case err != nil:
			return final("%s:wait: message %s: %w", l.key, number, err)
		case !rest.Named:
		case rest.Text != nil:
			w.rests[number] = string(rest.Text)
		case !gone[number]:
			gone[number] = true
			w.numbers = append(w.numbers, number)
			if rest.Run != "" && rest.Run == run {
				w.owed, w.lost = w.owed+1, w.lost+rest.Taken
			}
		}
		return nil
	})
	if err != nil {
		return w, err
	}
	return w, eachField(ctx, tx, l.key+":held", func(profile, text string) error {
		if f.Gone(profile) {
			w.forget(profile, strings.Fields(text), gone)
			return nil
		}
		w.free(profile, strings.Fields(text), gone)
		return nil
	})
}

// forget has an erased profile be held back by no message that named it. Those
// that are left of are sent: they wait for nobody, unless another profile says
// so. A message that is left as it was is of the customer who came back.
func (w *namedWaiting) forget(profile string, numbers []string, gone map[string]bool) {
	named := map[string]bool{}
	for _, number := range numbers {
		_, rest := w.rests[number]
		named[number] = rest || gone[number]
		if rest {
			w.due = append(w.due, number)
		}
	}
	before := len(w.held)
	w.free(profile, numbers, named)
	w.freed += len(w.held) - before
}

func (w *namedWaiting) write(ctx context.Context, pipe redis.Pipeliner, key string) {
	for number, text := range w.rests {
		pipe.HSet(ctx, key+":wait", number, text)
	}
	if w.owed > 0 {
		pipe.HIncrBy(ctx, key, "owed", -w.owed)
		pipe.HIncrBy(ctx, key, "lost", w.lost)
	}
	w.takenBack.write(ctx, pipe, key)
}

// forgetDead goes over the messages that were given up.
func (l *Ledger) forgetDead(ctx context.Context, f Forgetting) (found int, err error) {
	for from := int64(0); ; {
		var looked, removed, changed int
		err := l.store.retry(ctx, "removing profiles from dead messages", func(ctx context.Context) (err error) {
			looked, removed, changed, err = l.forgetDeadPage(ctx, from, f)
			return err
		})
		found += removed + changed
		if err != nil || looked < resendPage {
			return found, err
		}
		from += int64(looked - removed)
	}
}

func (l *Ledger) forgetDeadPage(ctx context.Context, from int64, f Forgetting) (looked, removed, changed int, err error) {
	key := l.key + ":dead"
	attempt := func(tx *redis.Tx) error {
		looked, removed, changed = 0, 0, 0
		texts, err := tx.LRange(ctx, key, from, from+resendPage-1).Result()
		if err != nil {
			return err
		}
		looked = len(texts)
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, text := range texts {
				rest, err := f.Rest([]byte(text))
				switch {
				case err != nil:
					return final("%s: %w", key, err)
				case !rest.Named:
				case rest.Text != nil:
					pipe.LSet(ctx, key, from+int64(i-removed), rest.Text)
					changed++
				default:
					pipe.LRem(ctx, key, 1, text)
					removed++
				}
			}
			return nil
		})
		return err
	}
	for {
		err := l.store.client.Watch(ctx, attempt, key)
		if !errors.Is(err, redis.TxFailedErr) || ctx.Err() != nil {
			return looked, removed, changed, err
		}
	}
}

// forgetLog removes the entries about messages that name profiles: all entries
// of such a message, because the reason in each may be an answer that names
// them too.
func (l *Ledger) forgetLog(ctx context.Context, f Forgetting) (found int, err error) {
	named := map[string]bool{}
	if _, err := l.eachLogged(ctx, f, func(message string, names bool) bool {
		named[message] = named[message] || names
		return false
	}); err != nil || len(named) == 0 {
		return 0, err
	}
	return l.eachLogged(ctx, f, func(message string, names bool) bool { return names || message != "" && named[message] })
}

// eachLogged removes the entries of the log that are chosen.
func (l *Ledger) eachLogged(ctx context.Context, f Forgetting, choose func(message string, names bool) bool) (removed int, err error) {
	key := l.key + ":log"
	for from := "-"; ; {
		var page []redis.XMessage
		err := l.store.retry(ctx, "reading the log of deliveries", func(ctx context.Context) (err error) {
			page, err = l.store.client.XRangeN(ctx, key, from, "+", scanPage).Result()
			return err
		})
		if err != nil {
			return removed, err
		}
		var ids []string
		for _, entry := range page {
			text, _ := entry.Values[logField].(string)
			message, names, err := f.Logged([]byte(text))
			if err != nil {
				return removed, final("%s: entry %s: %w", key, entry.ID, err)
			}
			if choose(message, names) {
				ids = append(ids, entry.ID)
			}
			from = "(" + entry.ID
		}
		if len(ids) > 0 {
			err := l.store.retry(ctx, "removing attempts", func(ctx context.Context) error { return l.store.client.XDel(ctx, key, ids...).Err() })
			if err != nil {
				return removed, err
			}
			removed += len(ids)
		}
		if len(page) < scanPage {
			return removed, nil
		}
	}
}

// eachField calls fn with every field of a hash, with some perhaps twice.
func eachField(ctx context.Context, c redis.Cmdable, key string, fn func(field, value string) error) error {
	for cursor := uint64(0); ; {
		page, next, err := c.HScan(ctx, key, cursor, "", scanPage).Result()
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(page); i += 2 {
			if err := fn(page[i], page[i+1]); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// number reads a field of a ledger that counts, 0 where there is none.
func (l *Ledger) number(ctx context.Context, field string) (n int64, begun bool, err error) {
	err = l.store.retry(ctx, "reading deliveries", func(ctx context.Context) error {
		text, err := l.store.client.HGet(ctx, l.key, field).Result()
		if errors.Is(err, redis.Nil) {
			return nil
		}
		if err == nil {
			begun = true
			n, err = strconv.ParseInt(text, 10, 64)
		}
		return err
	})
	return n, begun, err
}

// Passed reports whether a destination has passed an entry of the outbox, by
// its number, and whether it has begun at all in the shard.
func (l *Ledger) Passed(ctx context.Context, entry int64) (passed, begun bool, err error) {
	n, begun, err := l.number(ctx, "number")
	if err != nil {
		return false, false, fmt.Errorf("reading how far %s is: %w", l.key, err)
	}
	return n >= entry, begun, nil
}
