package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// replayPage is how many entries of an outbox, or fields of a hash, are read at
// a time.
const replayPage = 1000

// Replay is where a destination would go on in a shard to be sent again what
// the outbox keeps since an instant.
type Replay struct {
	Standing Standing // of which Behind, Number and Until are set
	Changes  int64    // wanted ones behind Standing
	Oldest   int64    // instant of the oldest entry that is kept, ms since 1970 UTC; 0 for none
	// Dropped is how many entries of the instant or later may be missing: those
	// before the oldest one, where that is later than the instant.
	Dropped int64
}

// PlanReplay finds the first entry of a shard's outbox at an instant, in ms
// since 1970 UTC, or later. It reads all of the outbox. wants reports whether
// changes of a segment are counted.
func (s *Store) PlanReplay(ctx context.Context, shard int, since int64, wants func(segment string) bool) (Replay, error) {
	var r Replay
	var last Entry
	found := false
	for behind := ""; ; {
		page, err := s.Outbox(ctx, shard, behind, replayPage)
		if err != nil {
			return Replay{}, err
		}
		for _, entry := range page {
			at := entry.Change.At
			if r.Oldest == 0 {
				r.Oldest = at
				if at > since {
					r.Dropped = entry.Number() - 1
				}
			}
			if !found && at >= since {
				found = true
				r.Standing = Standing{Behind: last.ID, Number: entry.Number() - 1, Until: entry.Number() - 1}
			}
			if found && wants(entry.Change.Segment) {
				r.Changes++
			}
			last = entry
		}
		if len(page) < replayPage {
			break
		}
		behind = last.ID
	}
	if !found {
		r.Standing = Standing{Behind: last.ID, Number: last.Number(), Until: last.Number()}
	}
	return r, nil
}

// Replay has a destination go on in a shard where a plan says, and takes back
// the messages that wait with changes behind that. Whoever delivers now is
// fenced off, and begins there as well. It returns false, and changes nothing,
// when the destination is not further than that.
//
// All that waits is read and changed in one transaction, so Redis is held up by
// some microseconds for each message that waits.
func (s *Store) Replay(ctx context.Context, shard int, destination string, plan Replay) (back bool, err error) {
	l, sent := s.Ledger(shard, destination), false
	attempt := func(tx *redis.Tx) error {
		stored, err := tx.HGet(ctx, l.key, "number").Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		var number int64
		if err := parse(l.key, "number", stored, &number); err != nil {
			return err
		}
		// An attempt whose answer was lost may have landed.
		back = number > plan.Standing.Number || sent && number == plan.Standing.Number
		if number <= plan.Standing.Number {
			return nil
		}
		taken, err := l.takeBack(ctx, tx, plan.Standing.Number)
		if err != nil {
			return err
		}
		sent = true
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			at := plan.Standing
			pipe.HIncrBy(ctx, l.key, "token", 1)
			pipe.HSet(ctx, l.key, "behind", at.Behind, "number", at.Number, "until", at.Until)
			taken.write(ctx, pipe, l.key)
			return nil
		})
		return err
	}
	err = s.retry(ctx, "replaying", func(ctx context.Context) error {
		for {
			err := s.client.Watch(ctx, attempt, ledgerKeys(l.key)...)
			if !errors.Is(err, redis.TxFailedErr) || ctx.Err() != nil {
				return err
			}
			// Whoever delivers has come a step further, which the next look sees.
		}
	})
	if err != nil {
		return false, fmt.Errorf("replaying %s: %w", l.key, err)
	}
	return back, nil
}

// takenBack is what waits no more, and what becomes of those behind it.
type takenBack struct {
	numbers []string            // of messages
	held    map[string][]string // by profile: the messages that hold it back from now on
	due     []string            // messages that waited for one of them
}

// takeBack finds the messages that wait behind a number. Those of snapshot runs,
// with negative numbers, stay.
func (l *Ledger) takeBack(ctx context.Context, tx *redis.Tx, number int64) (takenBack, error) {
	t := takenBack{held: map[string][]string{}}
	waiting, err := tx.HKeys(ctx, l.key+":wait").Result()
	if err != nil {
		return t, err
	}
	gone := map[string]bool{}
	for _, text := range waiting {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return t, final("%s:wait has message %q, which is no number", l.key, text)
		}
		if n > number {
			gone[text] = true
			t.numbers = append(t.numbers, text)
		}
	}
	held, err := tx.HGetAll(ctx, l.key+":held").Result()
	if err != nil {
		return t, err
	}
	for _, profile := range slices.Sorted(maps.Keys(held)) {
		t.free(profile, strings.Fields(held[profile]), gone)
	}
	return t, nil
}

// free has a profile be held back by those messages alone that are not gone.
func (t *takenBack) free(profile string, before []string, gone map[string]bool) {
	after := slices.DeleteFunc(slices.Clone(before), func(n string) bool { return gone[n] })
	if len(after) == len(before) {
		return
	}
	t.held[profile] = after
	if len(after) > 0 && after[0] != before[0] {
		t.due = append(t.due, after[0])
	}
}

func (t takenBack) write(ctx context.Context, pipe redis.Pipeliner, key string) {
	for chunk := range slices.Chunk(t.numbers, replayPage) {
		pipe.HDel(ctx, key+":wait", chunk...)
		members := make([]any, len(chunk))
		for i, number := range chunk {
			members[i] = number
		}
		pipe.ZRem(ctx, key+":due", members...)
	}
	for profile, numbers := range t.held {
		if len(numbers) == 0 {
			pipe.HDel(ctx, key+":held", profile)
		} else {
			pipe.HSet(ctx, key+":held", profile, strings.Join(numbers, " "))
		}
	}
	for _, number := range t.due {
		pipe.ZAddNX(ctx, key+":due", redis.Z{Score: 0, Member: number})
	}
}
