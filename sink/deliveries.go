package sink

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Deliveries is how far a destination has come in all shards together.
type Deliveries struct {
	Behind    int64 // entries of outboxes that it has not passed
	Waiting   int64 // messages that wait for another attempt
	Next      int64 // when the first of them is sent, ms since 1970 UTC; 0 for none
	Delivered int64 // changes
	Dead      int64 // changes that were given up
	Deferred  int64 // attempts that were not taken
	Missed    int64 // changes that the outbox had dropped
	Coalesced int64 // changes that were left out, as newer ones had made them pointless
	State     string
	Reason    string // of State
	Snapshot  SnapshotRun
	// Breakers is what is stored of breakers, in the form of whoever delivers,
	// of each shard where one has ever opened.
	Breakers []string
}

// SnapshotRun is how far the newest snapshot run to a destination is.
type SnapshotRun struct {
	Run    string // "" when there never was one
	Shards int    // of the deployment
	Begun  int    // shards that have begun it
	Done   int    // shards that have come to its end
	Named  int64  // memberships
	Owed   int64  // messages of it that wait
	Lost   int64  // memberships that were given up
	Gap    int64  // changes that the outbox has dropped, and that no run has made good
}

// Deliveries reads how far a destination has come. Shards are read one after
// the other, so the figures are of the last moment and not of one instant.
func (s *Store) Deliveries(ctx context.Context, destination string) (d Deliveries, err error) {
	l, err := s.deployment(ctx)
	if err != nil {
		return d, err
	}
	orders, err := s.Orders(ctx, destination)
	if err != nil {
		return d, err
	}
	d.State, d.Reason, d.Snapshot.Run = orders.State, orders.Reason, orders.Run
	d.Snapshot.Shards = l.Current.Shards
	for shard := range l.Current.Shards {
		if err := s.addDeliveries(ctx, s.keys.of(l.Current), shard, destination, &d); err != nil {
			return d, fmt.Errorf("reading the deliveries of shard %d to %s: %w", shard, destination, err)
		}
	}
	return d, nil
}

// addDeliveries adds those of one shard.
func (s *Store) addDeliveries(ctx context.Context, k keys, shard int, destination string, d *Deliveries) error {
	key := k.ledger(shard, destination)
	var fields *redis.MapStringStringCmd
	var waiting *redis.IntCmd
	var first *redis.ZSliceCmd
	var newest *redis.XMessageSliceCmd
	err := s.retry(ctx, "reading deliveries", func(ctx context.Context) error {
		_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			fields, waiting = pipe.HGetAll(ctx, key), pipe.HLen(ctx, key+":wait")
			first, newest = pipe.ZRangeWithScores(ctx, key+":due", 0, 0), pipe.XRevRangeN(ctx, k.outbox(shard), "+", "-", 1)
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	number := func(field string) int64 {
		n, _ := strconv.ParseInt(fields.Val()[field], 10, 64)
		return n
	}
	if last := newest.Val(); len(last) > 0 && len(fields.Val()) > 0 {
		d.Behind += max(0, Entry{ID: last[0].ID}.Number()-number("number"))
	}
	if due := first.Val(); len(due) > 0 && (d.Next == 0 || int64(due[0].Score) < d.Next) {
		d.Next = int64(due[0].Score)
	}
	d.Waiting += waiting.Val()
	d.Delivered += number("delivered")
	d.Dead += number("dead")
	d.Deferred += number("deferred")
	d.Missed += number("missed")
	d.Coalesced += number("coalesced")
	if text := fields.Val()["breaker"]; text != "" {
		d.Breakers = append(d.Breakers, text)
	}
	d.Snapshot.add(fields.Val()["asked"], fields.Val()["run"] != "", number)
	return nil
}

// add adds what a shard's ledger says. A run that a destination begins with by
// itself stands in the ledgers alone.
func (r *SnapshotRun) add(asked string, working bool, number func(field string) int64) {
	r.Gap += number("gap") + number("torn")
	if r.Run == "" {
		r.Run = asked
	}
	if asked == "" || asked != r.Run {
		return
	}
	r.Begun++
	if !working {
		r.Done++
	}
	r.Named += number("named")
	r.Owed += number("owed")
	r.Lost += number("lost")
}

// DeadMessages calls fn with the messages to a destination that were given up
// and are kept, shard by shard and in each the oldest first, until fn returns
// an error, which it passes on.
func (s *Store) DeadMessages(ctx context.Context, destination string, fn func(text []byte) error) error {
	l, err := s.deployment(ctx)
	if err != nil {
		return err
	}
	for shard := range l.Current.Shards {
		for from := int64(0); ; from += scanPage {
			page, err := s.deadPage(ctx, s.keys.of(l.Current).ledger(shard, destination), from, scanPage)
			if err != nil {
				return err
			}
			for _, text := range page {
				if err := fn([]byte(text)); err != nil {
					return err
				}
			}
			if len(page) < scanPage {
				break
			}
		}
	}
	return nil
}

// DeadPage returns some messages of a shard to a destination that were given
// up and are kept, at most count of those from a place on, the oldest first.
// Places move when messages are sent again, or when newer ones drive old ones
// out.
func (s *Store) DeadPage(ctx context.Context, shard int, destination string, from, count int64) ([]string, error) {
	l, err := s.deployment(ctx)
	if err != nil {
		return nil, err
	}
	return s.deadPage(ctx, s.keys.of(l.Current).ledger(shard, destination), from, count)
}

func (s *Store) deadPage(ctx context.Context, ledger string, from, count int64) (page []string, err error) {
	err = s.retry(ctx, "reading dead messages", func(ctx context.Context) (err error) {
		page, err = s.client.LRange(ctx, ledger+":dead", from, from+count-1).Result()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s:dead: %w", ledger, err)
	}
	return page, nil
}
