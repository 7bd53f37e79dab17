package sink

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// LedgerQuestion is what Find is asked.
type LedgerQuestion struct {
	Due      int64    // for messages that are due at this instant, ms since 1970 UTC
	Most     int      // and for so many of them at most
	Profiles []string // which messages hold these back
	Numbers  []int64  // for the messages of these numbers
	Behind   int      // and for so many messages at most behind the first of those, of each profile the newest
}

// LedgerAnswer is what Find has found.
type LedgerAnswer struct {
	Due  []WaitingMessage   // the earliest first
	Held map[string][]int64 // by profile: the numbers of the messages that hold it back
	// Numbered are the messages that were asked for by number and wait.
	Numbered []WaitingMessage
	Waiting  int64 // messages that wait in all
	// Behind has, by profile, the newest messages behind the first that holds it
	// back.
	Behind map[string][]WaitingMessage
}

// Find returns what is asked for of the messages that wait, or ErrClaimed where
// they may not be those that were saved.
func (l *Ledger) Find(ctx context.Context, q LedgerQuestion) (LedgerAnswer, error) {
	var a LedgerAnswer
	err := l.store.retry(ctx, "reading deliveries", func(ctx context.Context) (err error) {
		if a.Due, err = l.due(ctx, q.Due, q.Most); err != nil {
			return err
		}
		if a.Held, a.Waiting, err = l.held(ctx, q.Profiles); err != nil {
			return err
		}
		if a.Behind, err = l.behind(ctx, q, a.Held); err != nil {
			return err
		}
		a.Numbered, err = l.numbered(ctx, q.Numbers)
		return err
	})
	if err != nil {
		return LedgerAnswer{}, fmt.Errorf("reading %s: %w", l.key, err)
	}
	return a, nil
}

func (l *Ledger) due(ctx context.Context, at int64, most int) ([]WaitingMessage, error) {
	if most == 0 {
		return nil, nil
	}
	numbers, err := l.store.client.ZRangeArgs(ctx, redis.ZRangeArgs{
		Key: l.key + ":due", Start: "-inf", Stop: at, ByScore: true, Count: int64(most),
	}).Result()
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	texts, err := l.store.client.HMGet(ctx, l.key+":wait", numbers...).Result()
	if err != nil {
		return nil, err
	}
	messages := make([]WaitingMessage, 0, len(texts))
	for i, text := range texts {
		stored, ok := text.(string)
		number, err := strconv.ParseInt(numbers[i], 10, 64)
		if !ok || err != nil {
			return nil, final("%s:due has message %q, which does not wait", l.key, numbers[i])
		}
		messages = append(messages, WaitingMessage{number, []byte(stored)})
	}
	return messages, nil
}

// held returns the numbers of the messages that hold back profiles, and how
// many messages wait in all: of a ledger that is as it was saved.
func (l *Ledger) held(ctx context.Context, profiles []string) (held map[string][]int64, waiting int64, err error) {
	count := new(redis.IntCmd)
	texts, saved := new(redis.SliceCmd), new(redis.SliceCmd)
	_, err = l.store.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		saved, count = pipe.HMGet(ctx, l.key, "token", "step"), pipe.HLen(ctx, l.key+":wait")
		if len(profiles) > 0 {
			texts = pipe.HMGet(ctx, l.key+":held", profiles...)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if !l.holds(saved.Val()) {
		return nil, 0, ErrClaimed
	}
	held = map[string][]int64{}
	for i, text := range texts.Val() {
		stored, _ := text.(string)
		for word := range strings.FieldsSeq(stored) {
			number, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				return nil, 0, final("%s:held has %q of a profile, which are no numbers", l.key, stored)
			}
			held[profiles[i]] = append(held[profiles[i]], number)
		}
	}
	return held, count.Val(), nil
}

// holds reports whether a token and a step are those of the last Claim and Save.
func (l *Ledger) holds(saved []any) bool {
	token, _ := saved[0].(string)
	step, stored := saved[1].(string)
	return token == strconv.FormatInt(l.token, 10) && (step == strconv.FormatInt(l.step, 10) || !stored && l.step == 0)
}

// numbered returns those of some messages that wait.
func (l *Ledger) numbered(ctx context.Context, numbers []int64) ([]WaitingMessage, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	fields := make([]string, len(numbers))
	for i, number := range numbers {
		fields[i] = strconv.FormatInt(number, 10)
	}
	texts, err := l.store.client.HMGet(ctx, l.key+":wait", fields...).Result()
	if err != nil {
		return nil, err
	}
	var messages []WaitingMessage
	for i, text := range texts {
		if stored, ok := text.(string); ok {
			messages = append(messages, WaitingMessage{numbers[i], []byte(stored)})
		}
	}
	return messages, nil
}

// behind returns messages behind the first one that holds back a profile.
func (l *Ledger) behind(ctx context.Context, q LedgerQuestion, held map[string][]int64) (map[string][]WaitingMessage, error) {
	out, left := map[string][]WaitingMessage{}, q.Behind
	var fields []string
	for _, profile := range q.Profiles {
		numbers := held[profile]
		for _, number := range numbers[len(numbers)-min(max(0, len(numbers)-1), left):] {
			out[profile] = append(out[profile], WaitingMessage{Number: number})
			fields = append(fields, strconv.FormatInt(number, 10))
		}
		left = q.Behind - len(fields)
	}
	if len(fields) == 0 {
		return out, nil
	}
	texts, err := l.store.client.HMGet(ctx, l.key+":wait", fields...).Result()
	if err != nil {
		return nil, err
	}
	next := 0
	for _, profile := range q.Profiles {
		for i := range out[profile] {
			stored, ok := texts[next].(string)
			if !ok {
				return nil, final("%s:held has message %s, which does not wait", l.key, fields[next])
			}
			out[profile][i].Text = []byte(stored)
			next++
		}
	}
	return out, nil
}
