package service

import (
	"context"
	"time"

	"go.uber.org/zap"

	"muster/sink"
)

// lookToPack is how often an owner looks whether a day of reach is over. It is a
// look at a clock, but once a day.
const lookToPack = time.Minute

// packing has what owns a shard also pack the reach of days that are over. Reach
// is of no shard, so the segments are shared out: an owner packs every segment
// whose position in the rule set leaves its shard, divided by the number of shards.
// What two owners with different rule sets both pack, or neither, is packed the
// next day at the latest.
func (s *Service) packing(own Owner, store *sink.Store, shards int) Owner {
	return accompanied(own, func(ctx context.Context, partition int) {
		tick := time.NewTicker(lookToPack)
		defer tick.Stop()
		done := int64(-1) // the last day that all segments were packed for
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			day := store.ReachPackable()
			if day <= done {
				continue
			}
			switch err := s.packReach(ctx, store, partition, shards); {
			case err == nil:
				done = day
			case ctx.Err() == nil:
				s.log.Warn("packing reach, will try again; days that are not packed take more memory of Redis",
					zap.Int("shard", partition), zap.Error(err))
			}
		}
	})
}

// packReach packs the segments of one owner. After each it rests for as long as
// that took: nobody waits for it.
func (s *Service) packReach(ctx context.Context, store *sink.Store, shard, shards int) error {
	set := s.rules.Current().Set
	for position := shard; position < set.Len(); position += shards {
		begin := time.Now()
		if _, err := store.PackReach(ctx, set.Segment(position).ID); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Since(begin)):
		}
	}
	return nil
}
