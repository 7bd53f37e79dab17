package sink

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// LogBound is how much of a destination's log a shard keeps.
type LogBound struct {
	Entries int64         // at most; Redis may keep some 100 more. 0 keeps none
	Age     time.Duration // by Redis' clock
}

// logField is the one field of an entry of the log.
const logField = "attempt"

// writeLog adds entries to the log, and drops those that pass its bound. Redis
// numbers them by its own clock, as those of two owners may differ, and an id
// that is not greater than the last one would be refused.
func (l *Ledger) writeLog(ctx context.Context, pipe redis.Pipeliner, entries [][]byte, keep LogBound) {
	if len(entries) == 0 || keep.Entries <= 0 {
		return
	}
	key := l.key + ":log"
	for _, text := range entries[max(0, int64(len(entries))-keep.Entries):] {
		pipe.XAdd(ctx, &redis.XAddArgs{Stream: key, Values: []any{logField, text}})
	}
	now := time.Now()
	pipe.XTrimMaxLenApprox(ctx, key, keep.Entries, 0)
	pipe.XTrimMinIDApprox(ctx, key, strconv.FormatInt(now.Add(-keep.Age).UnixMilli(), 10), 0)
	pipe.ExpireAt(ctx, key, now.Add(keep.Age+time.Second))
}

// DeliveryLog calls fn with the entries of the log of a destination in a shard
// since an instant, the oldest first, until fn returns an error, which it
// passes on.
func (s *Store) DeliveryLog(ctx context.Context, shard int, destination string, since time.Time, fn func(text []byte) error) error {
	key := s.keys.ledger(shard, destination) + ":log"
	for from := strconv.FormatInt(max(0, since.UnixMilli()), 10); ; {
		var page []redis.XMessage
		err := s.retry(ctx, "reading the log of deliveries", func(ctx context.Context) (err error) {
			page, err = s.client.XRangeN(ctx, key, from, "+", scanPage).Result()
			return err
		})
		if err != nil {
			return fmt.Errorf("reading %s: %w", key, err)
		}
		for _, entry := range page {
			text, _ := entry.Values[logField].(string)
			if err := fn([]byte(text)); err != nil {
				return err
			}
		}
		if len(page) < scanPage {
			return nil
		}
		from = "(" + page[len(page)-1].ID
	}
}
