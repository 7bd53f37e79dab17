package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// deadKept is how many given-up messages of a destination a shard keeps; of
// more the oldest go.
const deadKept = 10_000

// ErrClaimed is returned by Ledger.Find and Save when another process has
// claimed the ledger since, or when Redis has lost what was saved last: then
// messages that wait may be lost as well, and whoever went on would send what
// they hold back.
var ErrClaimed = errors.New("another process has claimed it, or Redis has lost what was saved last")

// Ledger is what a shard keeps of the deliveries to one destination: how far
// they have come, and what waits. It lies beside the outbox and is no part of
// any commit. In Redis, with the default prefix, of destination crm:
//
//	m:{s12}:to:crm        hash    behind, number and until, and what there is of snapshot
//	                              runs: asked, run, mark, named, owed, lost, gap, torn,
//	                              began, serial and paged, see Standing; breaker, of whoever
//	                              delivers; token, which each Claim raises; step, which
//	                              each Save raises; and what LedgerStep.Add counts
//	m:{s12}:to:crm:wait   hash    message number -> message, in the form of whoever delivers
//	m:{s12}:to:crm:due    zset    message number -> when it is sent next, ms since 1970 UTC
//	m:{s12}:to:crm:held   hash    profile id -> numbers of the messages that hold it back
//	m:{s12}:to:crm:dead   list    the newest messages that were given up
//	m:{s12}:to:crm:log    stream  field attempt, in the form of whoever delivers; the newest
//	                              LogBound.Entries, and none older than LogBound.Age
//	m:destinations        hash    <destination>:layout, the layout it began in;
//	                              <destination>:state and :reason, unless it is active;
//	                              <destination>:run and :replay, the snapshot run and the
//	                              replay that were asked for last
//
// It is not safe for concurrent use.
type Ledger struct {
	store *Store
	key   string
	name  string
	shard int
	token int64
	step  int64 // that is stored
}

// Standing is how far a destination has come in a shard's outbox.
type Standing struct {
	Behind  string // id of the entry; "" before the first
	Number  int64  // of that entry
	Until   int64
	Asked   string // snapshot run that was begun last because it was asked for
	Run     string // snapshot run that is carried out, "" for none
	Mark    string // where its next page begins
	Named   int64  // memberships that the newest run has named
	Owed    int64  // messages of it that wait
	Lost    int64  // memberships that were given up with them
	Gap     int64  // changes that were dropped, and that no run has made good
	Torn    int64  // what keeps the run from making them good
	Began   int64  // Number when the run began
	Serial  int64  // numbers that all runs have used
	Paged   int64  // newest change that the last page of a run knew
	Waiting int64  // messages that wait; of Claim only
	Breaker string // what LedgerStep.Breaker has stored last; of Claim only
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
	Breaker  *string          // what is shown of the breaker, in the form of whoever delivers, "" for nothing; nil leaves it
	Add      map[string]int64 // to the fields of these names
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
	if l.step = 0; stored["step"] != "" { // a version before this one stored none
		if err := parse(l.key, "step", stored["step"], &l.step); err != nil {
			return Standing{}, err
		}
	}
	if _, begun := stored["number"]; !begun {
		return l.begin(ctx)
	}
	s := Standing{Behind: stored["behind"], Asked: stored["asked"], Run: stored["run"], Mark: stored["mark"], Waiting: waiting, Breaker: stored["breaker"]}
	for field, number := range map[string]*int64{
		"number": &s.Number, "until": &s.Until, "named": &s.Named, "owed": &s.Owed, "lost": &s.Lost, "gap": &s.Gap, "torn": &s.Torn, "began": &s.Began,
		"serial": &s.Serial, "paged": &s.Paged,
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
		newest, _, err := l.store.outboxBack(ctx, l.shard, "", 1)
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
