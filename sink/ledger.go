package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// deadKept is how many given-up messages of a destination a shard keeps; of
// more the oldest go.
const deadKept = 10_000

// ErrClaimed is returned by Ledger.Save when another process has claimed the
// ledger since.
var ErrClaimed = errors.New("another process has claimed it")

// Ledger is what a shard keeps of the deliveries to one destination: how far
// they have come, and what waits. It lies beside the outbox and is no part of
// any commit. In Redis, with the default prefix, of destination crm:
//
//	m:{s12}:to:crm        hash    behind, number and until, and asked, run, mark, named and
//	                              serial of snapshot runs, see Standing; token, which each
//	                              Claim raises; and what LedgerStep.Add counts
//	m:{s12}:to:crm:wait   hash    message number -> message, in the form of whoever delivers
//	m:{s12}:to:crm:due    zset    message number -> when it is sent next, ms since 1970 UTC
//	m:{s12}:to:crm:held   hash    profile id -> numbers of the messages that hold it back
//	m:{s12}:to:crm:dead   list    the newest messages that were given up
//	m:{s12}:to:crm:log    stream  field attempt, in the form of whoever delivers; the newest
//	                              LogBound.Entries, and none older than LogBound.Age
//	m:destinations        hash    <destination>:layout, the layout it began in;
//	                              <destination>:state and :reason, unless it is active;
//	                              <destination>:run, the snapshot run that was asked for last
//
// It is not safe for concurrent use.
type Ledger struct {
	store *Store
	key   string
	name  string
	shard int
	token int64
}

// Standing is how far a destination has come in a shard's outbox.
type Standing struct {
	Behind  string // id of the entry; "" before the first
	Number  int64  // of that entry
	Until   int64
	Asked   string // snapshot run that was begun last because it was asked for
	Run     string // snapshot run that is carried out, "" for none
	Mark    int64  // where its next page begins
	Named   int64  // memberships that it has named
	Serial  int64  // numbers that all runs have used
	Waiting int64  // messages that wait; of Claim only
}

// LedgerStep is what Save stores.
type LedgerStep struct {
	Standing Standing
	Wait     map[int64][]byte   // nil for a message that does not wait any more
	Due      map[int64]int64    // ms since 1970 UTC; 0 for a message that waits for another one
	Held     map[string][]int64 // none for a profile that is free
	Dead     [][]byte
	Log      [][]byte         // entries of the log, oldest first
	Keep     LogBound         // of the log
	Add      map[string]int64 // to the fields of these names
}

// LedgerQuestion is what Find is asked.
type LedgerQuestion struct {
	Due      int64    // for messages that are due at this instant, ms since 1970 UTC
	Most     int      // and for so many of them at most
	Profiles []string // which messages hold these back
	Behind   int      // and for so many messages at most behind the first of those, of each profile the newest
}

// LedgerAnswer is what Find has found.
type LedgerAnswer struct {
	Due     []WaitingMessage   // the earliest first
	Held    map[string][]int64 // by profile: the numbers of the messages that hold it back
	Waiting int64              // messages that wait in all
	// Behind has, by profile, the newest messages behind the first that holds it
	// back.
	Behind map[string][]WaitingMessage
}

// WaitingMessage is a message that waits.
type WaitingMessage struct {
	Number int64
	Text   []byte
}

// Ledger returns that of a destination, whose name is [a-z0-9-], in a shard.
func (s *Store) Ledger(shard int, destination string) *Ledger {
	return &Ledger{store: s, key: s.keys.ledger(shard, destination), name: destination, shard: shard}
}

// ledgerKeys returns all keys of a ledger, by its first.
func ledgerKeys(key string) []string {
	return []string{key, key + ":wait", key + ":due", key + ":held", key + ":dead", key + ":log"}
}

// Claim makes this Ledger the only one whose Save is accepted. A destination
// that the deployment does not know yet begins behind the newest entry; one
// that it knew before it was resharded, before the oldest one that is kept.
func (l *Ledger) Claim(ctx context.Context) (Standing, error) {
	var stored map[string]string
	var waiting int64
	err := l.store.retry(ctx, "claiming deliveries", func(ctx context.Context) error {
		var token, count *redis.IntCmd
		var fields *redis.MapStringStringCmd
		_, err := l.store.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			token, fields, count = pipe.HIncrBy(ctx, l.key, "token", 1), pipe.HGetAll(ctx, l.key), pipe.HLen(ctx, l.key+":wait")
			return nil
		})
		if err != nil {
			return err
		}
		l.token, stored, waiting = token.Val(), fields.Val(), count.Val()
		return nil
	})
	if err != nil {
		return Standing{}, fmt.Errorf("claiming %s: %w", l.key, err)
	}
	if _, begun := stored["number"]; !begun {
		return l.begin(ctx)
	}
	s := Standing{Behind: stored["behind"], Asked: stored["asked"], Run: stored["run"], Waiting: waiting}
	for field, number := range map[string]*int64{
		"number": &s.Number, "until": &s.Until, "mark": &s.Mark, "named": &s.Named, "serial": &s.Serial,
	} {
		if err := parse(l.key, field, stored[field], number); err != nil {
			return Standing{}, err
		}
	}
	return s, nil
}

// begin finds where a destination begins, and stores it.
func (l *Ledger) begin(ctx context.Context) (Standing, error) {
	key, field, layout := l.store.keys.destinations(), l.name+":layout", strconv.Itoa(max(1, l.store.keys.layout))
	var began string
	err := l.store.retry(ctx, "beginning deliveries", func(ctx context.Context) error {
		if err := l.store.client.HSetNX(ctx, key, field, layout).Err(); err != nil {
			return err
		}
		var err error
		began, err = l.store.client.HGet(ctx, key, field).Result()
		return err
	})
	if err != nil {
		return Standing{}, fmt.Errorf("beginning %s: %w", l.key, err)
	}
	var s Standing
	if began == layout {
		newest, err := l.store.outboxBack(ctx, l.shard, "+", 1)
		if err != nil {
			return Standing{}, err
		}
		if len(newest) > 0 {
			s.Behind, s.Number = newest[0].ID, newest[0].Number()
			s.Until = s.Number
		}
	}
	return s, l.Save(ctx, LedgerStep{Standing: s})
}

// Find returns what is asked for of the messages that wait.
func (l *Ledger) Find(ctx context.Context, q LedgerQuestion) (LedgerAnswer, error) {
	var a LedgerAnswer
	err := l.store.retry(ctx, "reading deliveries", func(ctx context.Context) (err error) {
		if a.Due, err = l.due(ctx, q.Due, q.Most); err != nil {
			return err
		}
		if a.Held, a.Waiting, err = l.held(ctx, q.Profiles); err != nil {
			return err
		}
		a.Behind, err = l.behind(ctx, q, a.Held)
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
// many messages wait in all.
func (l *Ledger) held(ctx context.Context, profiles []string) (held map[string][]int64, waiting int64, err error) {
	count := new(redis.IntCmd)
	texts := new(redis.SliceCmd)
	_, err = l.store.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		count = pipe.HLen(ctx, l.key+":wait")
		if len(profiles) > 0 {
			texts = pipe.HMGet(ctx, l.key+":held", profiles...)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
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

// Save stores a step as a whole, or returns ErrClaimed and stores nothing.
// Like any command whose answer is lost, it may have been stored when there
// is another error: Claim tells.
func (l *Ledger) Save(ctx context.Context, s LedgerStep) error {
	err := l.store.client.Watch(ctx, func(tx *redis.Tx) error {
		token, err := tx.HGet(ctx, l.key, "token").Int64()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		if token != l.token {
			return ErrClaimed
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			l.write(ctx, pipe, s)
			return nil
		})
		return err
	}, l.key)
	if errors.Is(err, redis.TxFailedErr) {
		err = ErrClaimed
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", l.key, l.store.cfg.explain(err))
	}
	return nil
}

// fields returns what is stored. What no snapshot run has set is left out, as
// most destinations never have one.
func (s *Standing) fields() []any {
	fields := []any{"behind", s.Behind, "number", s.Number, "until", s.Until}
	if s.Asked == "" && s.Run == "" && s.Serial == 0 {
		return fields
	}
	return append(fields, "asked", s.Asked, "run", s.Run, "mark", s.Mark, "named", s.Named, "serial", s.Serial)
}

func (l *Ledger) write(ctx context.Context, pipe redis.Pipeliner, s LedgerStep) {
	pipe.HSet(ctx, l.key, s.Standing.fields()...)
	for number, text := range s.Wait {
		member := strconv.FormatInt(number, 10)
		if text == nil {
			pipe.HDel(ctx, l.key+":wait", member)
			pipe.ZRem(ctx, l.key+":due", member)
			continue
		}
		pipe.HSet(ctx, l.key+":wait", member, text)
	}
	for number, at := range s.Due {
		if at == 0 {
			pipe.ZRem(ctx, l.key+":due", strconv.FormatInt(number, 10))
			continue
		}
		pipe.ZAdd(ctx, l.key+":due", redis.Z{Score: float64(at), Member: strconv.FormatInt(number, 10)})
	}
	for profile, numbers := range s.Held {
		if len(numbers) == 0 {
			pipe.HDel(ctx, l.key+":held", profile)
			continue
		}
		text := strings.Trim(fmt.Sprint(numbers), "[]")
		pipe.HSet(ctx, l.key+":held", profile, text)
	}
	for _, text := range s.Dead {
		pipe.RPush(ctx, l.key+":dead", text)
	}
	if len(s.Dead) > 0 {
		pipe.LTrim(ctx, l.key+":dead", -deadKept, -1)
	}
	l.writeLog(ctx, pipe, s.Log, s.Keep)
	for field, n := range s.Add {
		pipe.HIncrBy(ctx, l.key, field, n)
	}
}
