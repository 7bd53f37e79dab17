package sink

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Flows land in the transaction of the changes that they count, so each change
// counts once, whatever is replayed or sent again. An HINCRBY for each segment
// would be a command for nearly every change, and a field for each hour of a
// segment is fifty times the memory. So the counts of a day stand in one text
// for each segment: those of a commit are read together with the meta hash, in
// the same round trip, and written by one command. Nobody but the owner writes
// them, and its commits all change the meta hash that is watched.

// readBefore reads the meta hash and what a commit's flows are added to.
func (a *attempts) readBefore(ctx context.Context, tx *redis.Tx, key string) (meta, error) {
	if len(a.flows) == 0 {
		return readMeta(ctx, tx, key)
	}
	pipe := tx.Pipeline()
	head := pipe.HMGet(ctx, key, metaFields...)
	replies := make([]*redis.SliceCmd, len(a.flows))
	for i, page := range a.flows {
		arguments := make([]any, 0, 2+len(page.fields))
		arguments = append(arguments, "hmget", page.key)
		for j := range page.fields {
			arguments = append(arguments, &page.fields[j].segment)
		}
		replies[i] = redis.NewSliceCmd(ctx, arguments...)
		_ = pipe.Process(ctx, replies[i]) // queues it and can't fail
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return meta{}, err
	}
	for i, page := range a.flows {
		page.stored = replies[i].Val()
	}
	return metaOf(key, head.Val())
}

// fillFlows writes the flows, and tells Redis when they expire unless it was
// told before.
func (t *transaction) fillFlows(ctx context.Context, told *expiries) {
	for _, page := range t.flows {
		t.begin("hset", page.key)
		for i := range page.fields {
			f := &page.fields[i]
			text, _ := page.stored[i].(string) // nil for one that is absent
			t.add(&f.segment, t.piece(appendFlows(t.letters, text, page.slots[f.from:f.to])))
		}
		t.end(ctx)
		if told.due(daily{segment: page.key}, page.expires) {
			t.begin("expireat", page.key, t.int(page.expires.Unix()))
			t.end(ctx)
		}
	}
}

// flowKeys are the keys of pages, as expiries know them.
func flowKeys(pages []*flowPage) []daily {
	told := make([]daily, len(pages))
	for i, page := range pages {
		told[i] = daily{segment: page.key}
	}
	return told
}

// markFlows notes since when a shard's flows are counted: from the clock on at
// which its first owner opened it that counts them. One that does not count
// takes the mark away, as what comes then is missing.
func (s *Store) markFlows(ctx context.Context, key string, clock int64) error {
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, step := range steps {
			if s.cfg.flowDays(step) == 0 {
				pipe.HDel(ctx, key, step.field())
			} else {
				pipe.HSetNX(ctx, key, step.field(), clock)
			}
		}
		return nil
	})
	return err
}
