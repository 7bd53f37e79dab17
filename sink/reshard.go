package sink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/redis/go-redis/v9"
)

// Plan says what a reshard makes of a deployment.
type Plan struct {
	From   string // the keyed topic of the present layout
	To     string // the keyed topic of the new one, another
	Shards int    // of the new layout, at least 1
	// Before and After return the shard of a profile in either layout.
	Before, After func(profile string) int
	// Progress is told now and then how far it is, on the caller's goroutine.
	// Default: nobody.
	Progress func(Progress)
}

// Progress is how far one step of a reshard is.
type Progress struct {
	Step        string // "member sets", "outbox", "chronicle", "profiles", "check" or "drop"
	Unit        string // what is counted
	Done, Total int64
}

// Reshard moves a deployment to another number of shards while nobody works
// on it. The new layout is made under keys of its own, beside the present
// one, which is only sealed against owners; Switch makes it the current one
// in one step. Everything before may be repeated, after any failure and in
// another process, and comes to the same: whatever is written is a function
// of the sealed shards alone.
//
// What belongs to a profile goes to its new shard: its blob, written in the
// names of that shard, its timer, its places in member sets, and its entries
// of the chronicle, as they are, and of the outbox, which are merged by their
// times and get the ids 0-1, 0-2, ... with their fields as they were. A new shard's stream time is the latest
// of the shards that its profiles come from; timers due before it are served
// first, with their own instants. It begins at offset 0 of its partition of
// the new topic, which must be empty. It looks once at all its profiles, and
// quickly at those that are current: its catalog calls every segment gone that
// old shards know, and no sweep has been done. Reach is not of shards, and
// stays.
type Reshard struct {
	store    *Store
	plan     Plan
	from, to Layout
	old, new keys
	sealed   []meta // of the old shards
}

// Reshard begins a reshard, or goes on with one of the same plan. It writes
// down the plan, from when on Check refuses, and nothing else.
func (s *Store) Reshard(ctx context.Context, p Plan) (*Reshard, error) {
	r := &Reshard{store: s, plan: p}
	if r.plan.Progress == nil {
		r.plan.Progress = func(Progress) {}
	}
	key := s.keys.deployment()
	err := s.retry(ctx, "beginning reshard", func(ctx context.Context) error {
		return s.client.Watch(ctx, func(tx *redis.Tx) error {
			stored, err := tx.HGetAll(ctx, key).Result()
			if err != nil {
				return err
			}
			if err := r.fit(key, stored); err != nil {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				pipe.HSet(ctx, key, fieldNext, r.to.format())
				return nil
			})
			return err
		}, key)
	})
	if err != nil {
		return nil, fmt.Errorf("beginning reshard: %w", err)
	}
	r.old, r.new = s.keys.of(r.from), s.keys.of(r.to)
	return r, nil
}

// fit checks the plan against what is stored, and sets both layouts.
func (r *Reshard) fit(key string, stored map[string]string) error {
	l, err := parseLayouts(key, stored)
	if err == nil {
		err = r.store.current(l)
	}
	if err != nil {
		return finalError{err}
	}
	r.from = l.Current
	r.from.Topic = r.plan.From
	r.to = Layout{Number: l.Current.Number + 1, Shards: r.plan.Shards, Topic: r.plan.To}
	switch {
	case l.Current.Topic != "" && l.Current.Topic != r.plan.From:
		return final("%s holds %s, not on topic %s: %w", key, l.Current, r.plan.From, ErrMismatch)
	case r.to.Shards < 1 || r.to.Topic == "" || r.to.Topic == r.from.Topic:
		return final("%d shards on topic %q: at least 1 on another topic than %q are needed", r.to.Shards, r.to.Topic, r.from.Topic)
	case l.Old != nil:
		return final("%s still holds %s of the reshard before: remove it with evaluator reshard --drop-old: %w", key, l.Old, ErrMismatch)
	case l.Next != nil && *l.Next != r.to:
		return final("%s is being resharded to %s, not to %s: finish that, or give it up with evaluator reshard --abandon: %w",
			key, l.Next, r.to, ErrMismatch)
	}
	return nil
}

// Seal closes the old shards to owners for good: who has one is fenced, and
// nobody can open one. It returns their next offsets, -1 for a shard that
// never applied a record; from now on they do not change.
func (r *Reshard) Seal(ctx context.Context) ([]int64, error) {
	s := r.store
	r.sealed = r.sealed[:0]
	var next []int64
	for shard := range r.from.Shards {
		m, err := s.seal(ctx, shard, r.to)
		if err != nil {
			return nil, fmt.Errorf("sealing shard %d: %w", shard, err)
		}
		r.sealed = append(r.sealed, m)
		next = append(next, m.next)
	}
	return next, nil
}

func (s *Store) seal(ctx context.Context, shard int, to Layout) (m meta, err error) {
	key := s.keys.meta(shard)
	err = s.retry(ctx, "sealing", func(ctx context.Context) error {
		pipe := s.client.TxPipeline()
		pipe.HIncrBy(ctx, key, "epoch", 1+rand.Int64N(epochStep))
		pipe.HSetNX(ctx, key, "schema", schema)
		pipe.HSet(ctx, key, "sealed", to.String())
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		if m, err = readMeta(ctx, s.client, key); err != nil {
			return err
		}
		return s.usable(shard, m)
	})
	return m, err
}

// Offsets returns the next offset of every shard, -1 where no record was
// ever applied.
func (s *Store) Offsets(ctx context.Context) ([]int64, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading offsets: %w", err)
	}
	next := make([]int64, shards)
	for shard := range next {
		err := s.retry(ctx, "reading offsets", func(ctx context.Context) error {
			m, err := readMeta(ctx, s.client, s.keys.meta(shard))
			next[shard] = m.next
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading offsets: %w", err)
		}
	}
	return next, nil
}

// Switch makes the new layout the current one, in one step. The old one
// stays, sealed, until DropOld. Copy must have succeeded.
func (r *Reshard) Switch(ctx context.Context) error {
	gaps, err := r.gaps(ctx)
	if err != nil {
		return fmt.Errorf("switching to %s: %w", r.to, err)
	}
	s, key := r.store, r.store.keys.deployment()
	err = s.retry(ctx, "switching", func(ctx context.Context) error {
		return s.client.Watch(ctx, func(tx *redis.Tx) error {
			stored, err := tx.HGetAll(ctx, key).Result()
			if err != nil {
				return err
			}
			l, err := parseLayouts(key, stored)
			switch {
			case err != nil:
				return finalError{err}
			case l.Current == r.to: // an attempt before has landed
				return nil
			case l.Next == nil || *l.Next != r.to:
				return finalError{errors.New("the reshard was given up meanwhile")}
			}
			_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				pipe.HSet(ctx, key, fieldShards, r.to.Shards, fieldLayout, r.to.Number, fieldTopic, r.to.Topic, fieldOld, r.from.format())
				if len(gaps) > 0 {
					pipe.HSet(ctx, key, gaps...)
				}
				pipe.HDel(ctx, key, fieldNext, fieldCopied)
				return nil
			})
			return err
		}, key)
	})
	if err != nil {
		return fmt.Errorf("switching to %s: %w", r.to, err)
	}
	return nil
}

// gaps are fields of the deployment's hash that keep what the old shards
// have on record as passed over: offsets of a topic that nobody reads any
// more, and of profiles nobody can name.
func (r *Reshard) gaps(ctx context.Context) ([]any, error) {
	var fields []any
	for shard := range r.from.Shards {
		var texts []string
		err := r.store.retry(ctx, "reading gaps", func(ctx context.Context) (err error) {
			texts, err = r.store.client.LRange(ctx, r.old.gaps(shard), 0, -1).Result()
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading gaps: %w", err)
		}
		for i, text := range texts {
			fields = append(fields, fmt.Sprintf("gap %s/%d %d", r.from.Topic, shard, i+1), text)
		}
	}
	return fields, nil
}
