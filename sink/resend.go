package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// resendPage is how many given-up messages are looked at in one transaction.
const resendPage = 50

// Resend has given-up messages of a shard to a destination wait again, due at
// once, and returns how many. choose returns a message as it waits, or false
// for one that stays given up. Each is moved in one transaction, beside whoever
// delivers: it holds back no profile until that one takes it up.
//
// Messages that are given up meanwhile are not looked at.
func (s *Store) Resend(
	ctx context.Context, shard int, destination string, choose func(text []byte) (message WaitingMessage, ok bool, err error),
) (sent int, err error) {
	key := s.keys.ledger(shard, destination)
	var left int64
	err = s.retry(ctx, "counting dead messages", func(ctx context.Context) (err error) {
		left, err = s.client.LLen(ctx, key+":dead").Result()
		return err
	})
	for from := int64(0); left > 0 && err == nil; left -= resendPage {
		var moved int
		err = s.retry(ctx, "sending dead messages again", func(ctx context.Context) (err error) {
			moved, err = s.resend(ctx, key, from, min(left, resendPage), choose)
			return err
		})
		sent += moved
		from += resendPage - int64(moved)
	}
	if err != nil {
		return sent, fmt.Errorf("sending messages of %s again: %w", key, err)
	}
	return sent, nil
}

// resend moves what is chosen of so many messages from one on.
func (s *Store) resend(
	ctx context.Context, key string, from, count int64, choose func([]byte) (WaitingMessage, bool, error),
) (moved int, err error) {
	move := func(tx *redis.Tx) error {
		moved = 0
		texts, err := tx.LRange(ctx, key+":dead", from, from+count-1).Result()
		if err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			for _, text := range texts {
				message, ok, err := choose([]byte(text))
				if err != nil {
					return final("%w", err)
				}
				if !ok {
					continue
				}
				member := strconv.FormatInt(message.Number, 10)
				pipe.LRem(ctx, key+":dead", 1, text)
				pipe.HSet(ctx, key+":wait", member, message.Text)
				pipe.ZAdd(ctx, key+":due", redis.Z{Score: float64(time.Now().UnixMilli()), Member: member})
				moved++
			}
			return nil
		})
		return err
	}
	for {
		err := s.client.Watch(ctx, move, key+":dead")
		if !errors.Is(err, redis.TxFailedErr) || ctx.Err() != nil {
			return moved, err
		}
		// Whoever delivers has given up a message meanwhile, which is soon over.
	}
}
